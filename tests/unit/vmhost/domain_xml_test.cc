/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmhost/domain_xml.h"

#include <catch2/catch.hpp>

#include "base/error.h"

using namespace vmhost;

namespace {

/// As libvirt 9.0 describes one, without what nobody reads.
constexpr const char* kDomain = R"(<domain type='qemu' id='3' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>web &amp; more</name>
  <uuid>8C3B9D6F-4B1E-4A52-9F3C-0F6D2F6C8E11</uuid>
  <devices>
    <interface type='network'>
      <mac address='52:54:00:AB:CD:01'/>
      <source network='default' portid='1' bridge='virbr0'/>
      <target dev='vnet2'/>
    </interface>
    <interface type='user'>
      <mac address='52:54:00:ab:cd:02'/>
    </interface>
    <channel type='unix'>
      <source mode='bind' path='/run/libvirt/qemu/channel/3-web/org.migscope.perf.0'/>
      <target type='virtio' name='org.migscope.perf.0' state='disconnected'/>
    </channel>
    <channel type='spicevmc'>
      <target type='virtio' name='com.redhat.spice.0'/>
    </channel>
  </devices>
</domain>)";

}  // namespace

TEST_CASE("a domain of libvirt has a name, network cards and channels") {
    const Domain domain = parse_domain(kDomain);
    CHECK(domain.name == "web & more");
    CHECK(domain.uuid == "8c3b9d6f-4b1e-4a52-9f3c-0f6d2f6c8e11");
    CHECK(domain.macs == std::vector<std::string>{"52:54:00:ab:cd:01", "52:54:00:ab:cd:02"});
    CHECK(domain.taps == std::vector<std::string>{"vnet2"});
    REQUIRE(domain.channels.size() == 1);
    CHECK(domain.channels[0].name == "org.migscope.perf.0");
    CHECK(domain.channels[0].path == "/run/libvirt/qemu/channel/3-web/org.migscope.perf.0");
    const Domain bare = parse_domain("<domain/>");
    CHECK(bare.name.empty());
    CHECK(bare.macs.empty());
}

TEST_CASE("what is no domain is refused") {
    std::string deep = "<domain>";
    for (int i = 0; i < 100000; i++) deep += "<a>";
    for (const std::string& text :
         {std::string(), std::string("<network/>"), std::string("<domain"), std::string("\xff\xfe"), deep, std::string((4 << 20) + 1, ' ')})
        CHECK_THROWS_AS(parse_domain(text), base::Error);
}

TEST_CASE("a description that grows when it is read is not read on") {
    std::string text = "<!DOCTYPE domain [<!ENTITY a 'aaaaaaaaaa'>";
    // Each is ten times the one before.
    for (char c = 'b'; c < 'n'; c++) {
        text += std::string("<!ENTITY ") + c + " '";
        for (int i = 0; i < 10; i++) text += std::string("&") + static_cast<char>(c - 1) + ";";
        text += "'>";
    }
    text += "]><domain><name>&m;</name></domain>";
    CHECK_THROWS_AS(parse_domain(text), base::Error);
}
