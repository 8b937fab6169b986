/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmverify/ram.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "unit/vmverify/memory_ram.h"
#include "vmverify/guest.h"
#include "vmverify/machine.h"

using namespace vmverify;

TEST_CASE("memory that was saved is read back as it was") {
    const base::TemporaryFolder folder;
    const std::string path = folder.path() + "/ram";
    const std::string big(5 << 20, 'a');
    save(MemoryRam({{"pc.ram", big}, {"bios", "xyz"}}), path, 1024);
    const SavedRam saved(path);
    REQUIRE(saved.blocks().size() == 2);
    CHECK(saved.page_size() == 1024);
    CHECK(saved.size() == big.size() + 3);
    CHECK(saved.blocks()[1].name == "bios");
    std::string bytes(3, '\0');
    saved.read(1, 0, bytes.data(), 3);
    CHECK(bytes == "xyz");
    struct stat info{};
    REQUIRE(::stat(path.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
}

TEST_CASE("any file is memory of one block") {
    const base::TemporaryFolder folder;
    const std::string path = folder.path() + "/raw";
    std::ofstream(path) << "0123456789";
    const SavedRam raw(path);
    REQUIRE(raw.blocks().size() == 1);
    CHECK(raw.size() == 10);
    CHECK(raw.page_size() == 0);
    CHECK_THROWS_WITH(SavedRam(folder.path()), Catch::Contains("no regular file"));
    CHECK_THROWS_WITH(SavedRam(folder.path() + "/nothing"), Catch::Contains("No such file"));
    std::ofstream(folder.path() + "/empty");
    CHECK_THROWS_WITH(SavedRam(folder.path() + "/empty"), Catch::Contains("empty"));
}

TEST_CASE("a description that cannot be that of the file is refused") {
    const auto refused = [](const std::string& text, const std::string& why) {
        INFO(text);
        CHECK_THROWS_WITH(parse_description(text, "f", 10), Catch::Contains(why));
    };
    refused("", "does not tell");
    refused("[]", "does not tell");
    refused(R"({"blocks":3})", "does not tell");
    refused(R"({"blocks":[3]})", "without a name");
    refused(R"({"blocks":[{"name":"a"}]})", "without a name");
    refused(R"({"blocks":[{"name":"a","size":-10}]})", "without a name");
    refused(R"({"blocks":[{"name":"a","size":11}]})", "more bytes");
    refused(R"({"blocks":[{"name":"a","size":10},{"name":"b","size":18446744073709551615}]})", "more bytes");
    refused(R"({"blocks":[{"name":"a","size":9}]})", "1 bytes less");
    refused(R"({"blocks":[{"name":"a","size":10}],"page_size":0})", "page_size");
    refused(R"({"blocks":[{"name":"a","size":10}],"page_size":1000})", "page_size");
    refused(R"({"blocks":[{"name":"a","size":10}],"page_size":"4096"})", "page_size");
    CHECK(parse_description(R"({"blocks":[{"name":"a","size":10}],"page_size":4096})", "f", 10).blocks.at(0).size == 10);
}

TEST_CASE("memory of another process is read where it lies") {
    const std::string mine = "read me through /proc/PID/mem";
    const ProcessRam ram(vmhost::Process(::getpid()),
                         {{"mine", 0, mine.size(), reinterpret_cast<std::uint64_t>(mine.data())}, {"nowhere", 0, 4096, 4096}});
    std::string bytes(4, '\0');
    ram.read(0, 5, bytes.data(), 4);
    CHECK(bytes == "me t");
    CHECK_THROWS_WITH(ram.read(1, 0, bytes.data(), 4), Catch::Contains("nowhere at 0x0"));
}

TEST_CASE("a machine that cannot boot is refused with the reason") {
    MachineOptions options;
    options.memory = 32 << 20;
    CHECK_THROWS_WITH(command_line(machine_kind("vexpress-a15"), options), Catch::Contains("at least 64 MB"));
    CHECK_THROWS_WITH(machine_kind("s390"), Catch::Contains("vexpress-a15"));
}

TEST_CASE("an initramfs has the first process and what it runs") {
    const base::TemporaryFolder folder;
    GuestFiles files{"", folder.path() + "/busybox", folder.path() + "/dirtyram", ""};
    std::ofstream(files.busybox) << "BUSY";
    std::ofstream(files.dirtyram) << "DIRTY";
    const std::string archive = initramfs(files, {"dirtyram 1 1 1", "true"});
    CHECK(archive.starts_with("070701"));
    for (const char* part : {"bin/busybox", "BUSY", "bin/dirtyram", "DIRTY", "( dirtyram 1 1 1 ) &", "( true ) &", "TRAILER!!!"})
        CHECK(archive.find(part) != archive.npos);
    CHECK(archive.size() % 4 == 0);
}
