/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

namespace migreport {

/// The style sheet of a page, and its script. Neither holds anything from a trace.
extern const char* const kStyle;
extern const char* const kScript;
/// What the page's policy allows to run: the SHA-256 of kScript in base64. A script that found its way into
/// the page would not be run.
extern const char* const kScriptHash;

}  // namespace migreport
