/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/help_format.h"

namespace migtrace {

const std::string_view kHelpFormat = R"(What migrate_stats prints

Lines that are printed event by event come in the order of time; reports about the whole follow at the end:
--consistency, --stats, --summary_pid, --topology, --residency, --pingpong.

Time stamps

  In front of each line stand the forms asked for, in this order, each followed by a blank:

  --ts_rel     seconds since the window began, "   1.234567890"; 0 before its first migration
  --ts_gmt     time of day in UTC, "12:08:39.890590000"; with --ts_date "2010/08/11 12:08:39.890590000"
  --ts_local   the same in local time (TZ)
  --ts_abs     the kernel's clock in nanoseconds, as in the trace, "0x0000011f7df3538c"

  The wall clock is that of the first start_sched_clock line of the trace plus the difference of the kernel's clock.

--migrate

  TS CPU FROM TO PID COMM CAUSE

  CPU    the CPU that recorded the event
  FROM   the CPU that the process leaves
  TO     the CPU that it moves to
  PID    the process
  COMM   its name at that time, filled up to 16 bytes; blank when the trace has not named it
  CAUSE  why it moved, a name from the header of the trace

--ps

  TS CPU . . PID EVENT COMM

  EVENT  task_list (existed when the trace began), copy_process (new) or set_task_comm (renamed)
  COMM   the name from now on
  Processes are listed from the beginning of the trace on, whatever the window; of the filters only --pid acts.

--mark, --mark_decimal

  TS CPU . . PID mark MARK

  PID    the process that wrote the mark
  MARK   hexadecimal with at least eight digits, or decimal

--consistency

  TS cpu CPU  start time: SEC.USEC (epoch) DATE (local)

  One line per CPU when it began to record, and at the end how far apart these moments were on the wall clock
  (do_gettimeofday) and on the kernel's clock (sched_clock).

--stats

  DURATION   begin and end of the window: seconds since the start of the trace, and the kernel's clock
  CAUSE      how often each cause moved a process, and how often per second
  MIGRATE    how many processes moved from the CPU at the left to the CPU at the top, and how many per second.
             CPUs beyond those of the table count in CAUSE only. Of more than 512 CPUs it has those with
             migrations, or the 512 with the most.

--summary_pid

  pid, count, rate per second, and all names that the process had, in order. With --top N the N processes that moved
  most, the most frequent first; without it all, by pid.

--topology

  How far tasks moved, by cause and by process, as the "# cpu" lines in the header of the trace tell (format 1.1.0):

  within core     to another hardware thread of the same core
  within cache    to another core that shares the last level cache
  across caches   to another last level cache on the same node
  across nodes    to another NUMA node
  unknown         the trace does not tell enough of one of the two CPUs
  total, per sec  all, and all per second
  share           of all migrations

  Processes with most migrations across nodes come first, of equal ones those with most across caches, and so on.
  COMM is the last name of the process.

--residency

  How long tasks stayed on a CPU: from a migration to the next one of the task, by the cause of the latter. count is the
  number of stays; mean, min, max; p50 is the time that half of the stays did not exceed, p90 that 90 % did not exceed,
  and so on. Percentiles and the limits of the histogram are right to one percent, the rest is exact. A stay that begins
  before the window or lasts beyond it, and the time before a task's first migration, do not count; nor does one whose
  end does not fit its beginning, as the task leaves another CPU than the one where it was seen last; how many these are
  stands below. The histogram counts stays up to the time above the column and longer than that of the column before.

--pingpong

  Returns: migrations of a task to a CPU that it had left no more than --pingpong_time before, directly or over others.

  cause away      why it left the CPU
  cause back      why it came back to it
  mean time away  between the two
  of all moves    migrations of the process in the window

  The most frequent pairs of causes and processes come first.

  --residency and --pingpong follow each task from CPU to CPU. So --cause, --comm and --cpu_* choose the migrations that
  end a stay, or come back, but hide none.

--period MSEC

  A stat file, as migrate_extract and migrate_graph read it. The header:

  # version 1.0.0
  # period_msec 1000            always: the values are rates per second
  # nr_cpus N
  # ts_field 1
  # field K NAME                K from 2 on: causes, migrate, from and to each CPU, pairs of CPUs, distances
  # gettimeofday SEC USEC       wall clock when the window began

  Then a line per period: the begin of the period, and a rate per second for each field. The begin is in seconds
  since the window began, or in the forms asked for. A period is printed when a later migration is seen, so the last
  one, which may be incomplete, is not; --period_last prints it when the window ends exactly with it. The first period
  holds its begin and its end, every other one only its end.

--output json

  The same as one JSON object per line, each with a "type": migration, comm, mark, start, columns, period, consistency,
  stats, summary_pid, topology, residency, pingpong. Every time is there as "ts" (the kernel's clock) and "time" (UTC; null when the trace has no start
  line), in events also as "rel_ns" (since the window began; null before its first migration). Bytes of a name that are
  no UTF-8 become U+FFFD.

--output csv

  One report as a table (RFC 4180: lines end with CR LF, and fields that hold a comma, a quote or a line end stand in
  quotes) below a line with the names of its columns. --migrate, --ps and --mark together are one report. The names of
  columns say the unit: _ns are nanoseconds, per_second is a rate; ts is the kernel's clock, time is UTC. Columns of
  --period are rates per second. "by" says what a line is about: total, a cause, causes (two of them), a process,
  a cpu_pair.

Names

  Names come from the trace, and processes choose theirs. On a terminal control bytes in them are shown as \xNN; into
  pipes and files names go as they are.
)";

}  // namespace migtrace
