/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmhost/domain_xml.h"

#include <libxml/parser.h>
#include <libxml/xpath.h>

#include <boost/algorithm/string.hpp>
#include <memory>

#include "base/error.h"

namespace vmhost {

namespace {

constexpr std::size_t kLongest = std::size_t{4} << 20;
/// Nobody has more network cards or channels.
constexpr int kMost = 1024;

using Document = std::unique_ptr<xmlDoc, decltype(&::xmlFreeDoc)>;
using Context = std::unique_ptr<xmlXPathContext, decltype(&::xmlXPathFreeContext)>;
using Result = std::unique_ptr<xmlXPathObject, decltype(&::xmlXPathFreeObject)>;

const xmlChar* xml(const char* text) { return reinterpret_cast<const xmlChar*>(text); }

class Reader {
 public:
    explicit Reader(const std::string& text)
        : document_(::xmlReadMemory(text.data(), static_cast<int>(text.size()), nullptr, nullptr,
                                    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING),
                    ::xmlFreeDoc),
          context_(document_ ? ::xmlXPathNewContext(document_.get()) : nullptr, ::xmlXPathFreeContext) {
        const xmlNode* root = document_ ? ::xmlDocGetRootElement(document_.get()) : nullptr;
        if (!context_ || !root || !::xmlStrEqual(root->name, xml("domain"))) throw base::Error("what libvirt says of a domain is no XML of one");
    }

    /// The elements or attributes of that path, below `node` or from the root on.
    std::vector<xmlNode*> all(const char* path, xmlNode* node = nullptr) const {
        context_->node = node ? node : ::xmlDocGetRootElement(document_.get());
        const Result result(::xmlXPathEvalExpression(xml(path), context_.get()), ::xmlXPathFreeObject);
        std::vector<xmlNode*> nodes;
        if (!result || !result->nodesetval) return nodes;
        for (int i = 0; i < result->nodesetval->nodeNr && i < kMost; i++) nodes.push_back(result->nodesetval->nodeTab[i]);
        return nodes;
    }

    /// The text of the first of them; empty when there is none.
    std::string text(const char* path, xmlNode* node = nullptr) const {
        const auto nodes = all(path, node);
        if (nodes.empty()) return "";
        const std::unique_ptr<xmlChar, void (*)(void*)> content(::xmlNodeGetContent(nodes[0]), [](void* memory) { ::xmlFree(memory); });
        return content ? reinterpret_cast<const char*>(content.get()) : "";
    }

 private:
    Document document_;
    Context context_;
};

}  // namespace

Domain parse_domain(const std::string& text) {
    if (text.size() > kLongest) throw base::Error("what libvirt says of a domain is longer than 4 MiB");
    const Reader reader(text);
    Domain domain;
    domain.name = reader.text("name");
    domain.uuid = boost::to_lower_copy(reader.text("uuid"));
    for (xmlNode* card : reader.all("devices/interface")) {
        const std::string mac = reader.text("mac/@address", card), tap = reader.text("target/@dev", card);
        if (!mac.empty()) domain.macs.push_back(boost::to_lower_copy(mac));
        if (!tap.empty()) domain.taps.push_back(tap);
    }
    for (xmlNode* channel : reader.all("devices/channel[@type='unix'][target/@type='virtio'][source/@mode='bind']"))
        domain.channels.push_back({reader.text("target/@name", channel), reader.text("source/@path", channel)});
    return domain;
}

}  // namespace vmhost
