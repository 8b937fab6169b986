/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// One client of the server: what it sends, what it is sent, and for how long.

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "vmhost/vm_list.h"
#include "vmperf/counter.h"
#include "vmperf/protocol.h"
#include "vmperf/session.h"

namespace vmperf {

struct Limits {
    unsigned clients = 256;                  ///< that have said which VM they watch
    unsigned clients_of_vm = 16;             ///< of one VM
    unsigned silent = 64;                    ///< that have not yet
    std::size_t counters = 4096;             ///< of the clients of a VM together, and of one of the administrator's: events times threads
    std::size_t unsent = std::size_t{1} << 20;  ///< bytes that a client has not taken
    std::chrono::milliseconds idle{10'000};  ///< from one request to the next
};

class Connection;

/// What a connection asks of the server.
class ConnectionOwner {
 public:
    virtual ~ConnectionOwner() = default;
    virtual CounterSource& counters() = 0;
    virtual const Limits& limits() const = 0;
    /// The events that this host can count: the answer to a list request.
    virtual const nlohmann::ordered_json& events() = 0;
    /// The VM that this client may watch. It is counted as a client of that VM from now on. Throws Error.
    virtual vmhost::VmPtr admit(Connection& connection, const Request& hello) = 0;
    /// How many counters it may have.
    virtual std::size_t counters_left(const Connection& connection) const = 0;
    /// Whether the server has time for its VM: all of them get some.
    virtual bool has_time(const Connection& connection) const = 0;
    /// What it took.
    virtual void took(const Connection& connection, std::chrono::steady_clock::duration time) = 0;
    /// It counts no more. To close counters of tracepoints takes the kernel tens of milliseconds each: that is done elsewhere.
    virtual void close(std::unique_ptr<Session> session) = 0;
    /// It says nothing more, or has yet to say what it wants: it may be closed for others.
    virtual void waits(Connection& connection) = 0;
    /// It watches nothing any more.
    virtual void dismiss(Connection& connection) = 0;
    /// It is over.
    virtual void closed(Connection& connection) = 0;
    /// What went wrong with a client; each sort of fault of a client once in a while.
    virtual void log(const std::string& who, const std::string& what) = 0;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
    using Protocol = boost::asio::generic::stream_protocol;
    enum class Way { Tcp, Administrator, Channel };

    Connection(ConnectionOwner& owner, Protocol::socket socket, Way way, std::string name);
    /// Begins to listen to the client.
    void start();
    /// No more is counted: `reason` is told with what there is so far.
    void end(const std::string& reason);
    /// Closed for others: the client is told to try again.
    void make_room();
    /// Closed at once, for a reason that is logged unless it is empty.
    void drop(const std::string& reason);

    Way way() const { return way_; }
    int fd() { return socket_.native_handle(); }
    /// For messages: "[::1]:4711", or what the channel is of.
    const std::string& name() const { return name_; }
    /// What it watches; null before hello.
    const vmhost::VmPtr& vm() const { return vm_; }
    /// How many it has open.
    std::size_t counters() const { return counting_ ? counting_->counters() : 0; }
    /// By which it is known what belongs together: the tap or the address that it comes from.
    std::string origin;

 private:
    enum class State { Silent, Greeted, Counting, Closing };
    using Json = nlohmann::ordered_json;

    void read();
    void ended(const boost::system::error_code& error);
    void take_line();
    void await_turn();
    template <class Work>
    void timed(Work work);
    void handle(std::string_view line);
    void handle_on_channel(std::string_view line);
    void greet(const Request& hello);
    void begin(const Request& start);
    void list();
    void finish(const std::string& reason);
    void refuse(const std::string& why);
    void over();
    void reset();

    void sample();
    void await_sample();
    void await_follow();
    void await_request(std::chrono::milliseconds patience);
    template <class Work>
    void await(boost::asio::steady_timer& timer, Work work);

    void send(const Json& object);
    void send(const std::string& text);
    void write();
    void flushed();

    ConnectionOwner& owner_;
    Protocol::socket socket_;
    const Way way_;
    const std::string name_;
    boost::asio::steady_timer patience_, next_sample_, next_follow_;
    State state_ = State::Silent;
    bool old_ = false, first_sample_ = true, closed_ = false, ended_ = false, writing_ = false;
    std::size_t passed_over_ = 0;  // bytes that were not for this session
    std::string session_, program_;
    vmhost::VmPtr vm_;
    std::unique_ptr<Session> counting_;
    std::chrono::milliseconds interval_{0};
    char chunk_[4096];
    std::string input_, output_, being_written_;
};

}  // namespace vmperf
