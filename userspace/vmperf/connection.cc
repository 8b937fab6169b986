/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmperf/connection.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include "base/error.h"
#include "base/version.h"

namespace vmperf {

namespace asio = boost::asio;
using Code = boost::system::error_code;
using namespace std::chrono_literals;

namespace {

constexpr auto kFollow = 1s;        // how often threads are looked for
constexpr auto kLastWords = 2s;     // for the client to take what is left, and to close
/// What a guest before may have left in a channel; whoever sends more means it.
constexpr std::size_t kMostPassedOver = std::size_t{1} << 20;

}  // namespace

Connection::Connection(ConnectionOwner& owner, Protocol::socket socket, Way way, std::string name)
    : owner_(owner),
      socket_(std::move(socket)),
      way_(way),
      name_(std::move(name)),
      patience_(socket_.get_executor()),
      next_sample_(socket_.get_executor()),
      next_follow_(socket_.get_executor()) {}

void Connection::start() {
    // A guest may open its channel when it likes.
    if (way_ != Way::Channel) await_request(owner_.limits().idle);
    read();
}

void Connection::read() {
    socket_.async_read_some(asio::buffer(chunk_), [this, self = shared_from_this()](const Code& error, std::size_t size) {
        if (closed_) return;
        if (error) return ended(error);
        // The rest of what it says is of no interest.
        if (state_ != State::Closing) input_.append(chunk_, size);
        take_line();
    });
}

/// The client has closed, or is gone. What it has asked for before it still gets.
void Connection::ended(const Code& error) {
    const bool expected = state_ == State::Closing || state_ == State::Silent || error == asio::error::eof;
    ended_ = true;
    if (state_ != State::Closing || !writing_) drop(expected ? "" : error.message());
}

/// One, and then it is the others' turn.
void Connection::take_line() {
    if (closed_) return;
    const auto end = input_.find('\n');
    if (state_ == State::Closing) {
        input_.clear();
    } else if (end != input_.npos) {
        const std::string line = input_.substr(0, end);
        input_.erase(0, end + 1);
        way_ == Way::Channel ? handle_on_channel(line) : handle(line);
        return await_turn();
    } else if (input_.size() > kLongestRequest) {
        input_.clear();
        refuse(fmt::format("a request has {} bytes at most", kLongestRequest));
    }
    if (!closed_) read();
}

void Connection::await_turn() {
    asio::post(socket_.get_executor(), [this, self = shared_from_this()] { take_line(); });
}

/// What was meant for somebody before is passed over; whoever says hello has opened the channel anew.
void Connection::handle_on_channel(std::string_view line) {
    std::optional<Request> request;
    try {
        request = parse_request(line);
    } catch (const base::UsageError&) {
        // handle() will say so.
    }
    if (request && request->type == Request::Type::Hello) reset();
    const bool foreign = request ? request->type != Request::Type::Hello && (request->old || request->session != session_) : state_ == State::Silent;
    if (!foreign) return handle(line);
    passed_over_ += line.size() + 1;
    if (passed_over_ > kMostPassedOver) drop("sends what is no request");
}

void Connection::handle(std::string_view line) {
    try {
        const Request request = parse_request(line);
        if (state_ == State::Counting) {
            if (request.type != Request::Type::End) throw base::UsageError("counting is under way: an end is awaited");
            if (request.old != old_ || request.session != session_) throw base::UsageError("this is not the session that is under way");
            return finish("");
        }
        if (request.type == Request::Type::End) throw base::UsageError("nothing is counted that could be ended");
        if (state_ == State::Silent) {
            if (request.type != Request::Type::Hello && !request.old) throw base::UsageError("a hello is awaited at first");
            greet(request);
            return;
        }
        if (request.session != session_) throw base::UsageError("this is not the session that has said hello");
        if (request.type == Request::Type::List) return list();
        if (request.type != Request::Type::Start) throw base::UsageError("a start is awaited");
        begin(request);
    } catch (const std::exception& error) {
        refuse(error.what());
    }
}

void Connection::greet(const Request& hello) {
    session_ = hello.session;
    old_ = hello.old;
    vm_ = owner_.admit(*this, hello);
    state_ = State::Greeted;
    if (old_) return begin(hello);
    const auto threads = vm_->threads();
    send({{"type", "hello"},
          {"version", kProtocolVersion},
          {"session", session_},
          {"server", MIGSCOPE_VERSION},
          {"vm", vm_->label()},
          {"vcpus", threads.vcpus.empty() ? std::size_t{vm_->command.vcpus} : threads.vcpus.size()}});
    await_request(owner_.limits().idle);
}

void Connection::begin(const Request& start) {
    timed([&] { counting_ = std::make_unique<Session>(owner_.counters(), *vm_, start, owner_.counters_left(*this)); });
    state_ = State::Counting;
    patience_.cancel();
    program_ = start.program;
    first_sample_ = true;
    if (!old_) send({{"type", "started"}, {"session", session_}, {"time", counting_->begun()}});
    interval_ = start.interval.value_or(std::chrono::milliseconds(0));
    if (start.interval) {
        next_sample_.expires_after(interval_);
        await_sample();
    }
    next_follow_.expires_after(kFollow);
    await_follow();
}

void Connection::list() {
    send({{"type", "list"}, {"session", session_}, {"events", owner_.events()}});
    over();
}

/// `work`, whose time is that of its VM.
template <class Work>
void Connection::timed(Work work) {
    const auto begin = std::chrono::steady_clock::now();
    const auto note = [&] { owner_.took(*this, std::chrono::steady_clock::now() - begin); };
    try {
        work();
    } catch (...) {
        note();
        throw;
    }
    note();
}

void Connection::sample() {
    const Interval interval = counting_->interval();
    if (old_) send(interval_text(interval.counts, interval.seconds, interval.length, first_sample_));
    else send({{"type", "sample"}, {"session", session_}, {"seconds", interval.seconds}, {"counts", to_json(interval.counts)}});
    first_sample_ = false;
}

void Connection::await_sample() {
    await(next_sample_, [this] {
        if (owner_.has_time(*this)) timed([this] { sample(); });
        if (state_ != State::Counting) return;
        // The times stay on the grid; those that have been missed are left out.
        const auto late = std::chrono::steady_clock::now() - next_sample_.expiry();
        next_sample_.expires_at(next_sample_.expiry() + (late / interval_ + 1) * interval_);
        await_sample();
    });
}

void Connection::await_follow() {
    await(next_follow_, [this] {
        timed([this] { counting_->follow(); });
        next_follow_.expires_after(kFollow);
        await_follow();
    });
}

/// Then `work`, unless counting has ended until then.
template <class Work>
void Connection::await(asio::steady_timer& timer, Work work) {
    timer.async_wait([this, work, self = shared_from_this()](const Code& error) {
        if (error || closed_ || state_ != State::Counting) return;
        try {
            work();
        } catch (const std::exception& failure) {
            refuse(failure.what());
        }
    });
}

void Connection::await_request(std::chrono::milliseconds patience) {
    patience_.expires_after(patience);
    patience_.async_wait([this, self = shared_from_this()](const Code& error) {
        if (error || closed_) return;
        if (way_ == Way::Channel) return reset();
        if (state_ == State::Closing) return drop("");
        refuse("nothing was said for too long");
    });
}

void Connection::finish(const std::string& reason) {
    // What came since the last one; as perf stat -I does.
    if (interval_.count() > 0) sample();
    const Total total = counting_->total(reason);
    if (old_) {
        send(total_text(total.counts, program_.empty() ? fmt::format("VM '{}'", vm_->label()) : fmt::format("'{}'", program_), total.seconds));
    } else {
        Json object = {{"type", "end"}, {"session", session_}};
        object.update(to_json(total));
        send(object);
    }
    over();
}

void Connection::end(const std::string& reason) {
    if (closed_ || state_ == State::Closing) return;
    if (state_ == State::Silent && way_ == Way::Channel) return;
    if (state_ != State::Counting) return refuse(reason);
    try {
        finish(reason);
    } catch (const std::exception& error) {
        refuse(error.what());
    }
}

void Connection::refuse(const std::string& why) {
    owner_.log(name_, why);
    if (old_) send("perf_kvm_server: " + why + "\n");
    else send({{"type", "error"}, {"session", session_}, {"message", why}});
    over();
}

/// The session is over: a channel waits for the next, a connection ends when all has been sent.
void Connection::over() {
    if (closed_) return;
    reset();
    if (way_ == Way::Channel) return;
    state_ = State::Closing;
    owner_.waits(*this);
    await_request(kLastWords);
    if (!writing_) flushed();
}

void Connection::reset() {
    if (counting_) owner_.close(std::move(counting_));
    next_sample_.cancel();
    next_follow_.cancel();
    patience_.cancel();
    if (vm_) owner_.dismiss(*this);
    vm_.reset();
    passed_over_ = 0;
    state_ = State::Silent;
}

void Connection::send(const Json& object) { send(object.dump(-1, ' ', true, Json::error_handler_t::replace) + "\n"); }

void Connection::send(const std::string& text) {
    if (closed_) return;
    if (output_.size() + being_written_.size() + text.size() > owner_.limits().unsent) return drop("takes too slowly what it is sent");
    output_ += text;
    if (!writing_) write();
}

void Connection::write() {
    writing_ = true;
    being_written_.swap(output_);
    asio::async_write(socket_, asio::buffer(being_written_), [this, self = shared_from_this()](const Code& error, std::size_t) {
        writing_ = false;
        being_written_.clear();
        if (closed_) return;
        if (error) return drop(error.message());
        if (!output_.empty()) return write();
        if (state_ == State::Closing) flushed();
    });
}

/// The client sees the end, and closes: were it closed here while something of it is unread, what was sent would be lost.
void Connection::flushed() {
    if (ended_) return drop("");
    Code ignored;
    socket_.shutdown(Protocol::socket::shutdown_send, ignored);
}

void Connection::make_room() {
    if (closed_) return;
    const char* reason = "too many connections that say nothing; try again";
    if (state_ != State::Silent) return drop("");
    // Without waiting; a client that gets no answer would take this for a server of 2015.
    const Json object = {{"type", "error"}, {"session", ""}, {"message", reason}};
    const std::string line = object.dump() + "\n";
    (void)!::send(fd(), line.data(), line.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    drop(reason);
}

void Connection::drop(const std::string& reason) {
    if (closed_) return;
    const auto self = shared_from_this();
    if (!reason.empty()) owner_.log(name_, reason);
    reset();
    closed_ = true;
    Code ignored;
    socket_.close(ignored);
    owner_.closed(*this);
}

}  // namespace vmperf
