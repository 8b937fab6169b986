# SPDX-License-Identifier: GPL-2.0-only
# Runs in the VM: gives the kernel every reason to move a task, while the module traces and mt_cause_check looks at stacks.
PATH=$PATH:/root/guest
T=/sys/kernel/debug/migration_trace
LOG=/sys/kernel/debug/migration_cause_check

phase() {
	echo "phase: $*" >&2
	"$@" >/dev/null
}

# How often this function has decided on a move so far: those before it in the stack only carry out, or ask the stopper.
seen() {
	grep -cE " (set_task_cpu|stop_one_cpu)[^ ]*( (move_queued_task|__migrate_swap_task|dl_task_offline_migration)[^ ]*)* $1[.+]" $LOG
}

# How many moves so far.
moves() {
	grep -cE "^[^ ]* [0-9]+ (migrate|new) " $LOG
}

# until_seen COUNT TIMES FUNCTION COMMAND...: repeats the command until there are COUNT moves, at most TIMES.
until_seen() {
	local count=$1 times=$2 function=$3
	shift 3
	while [ $times -gt 0 ] && [ $(seen "$function") -lt $count ]; do
		phase "$@"
		times=$((times - 1))
	done
}

# Writes $3 to the file of the scheduler that is called $1 since 5.13 and $2 before.
scheduler() {
	for file in /sys/kernel/debug/sched/$1 /sys/kernel/debug/$2 /proc/sys/kernel/$2; do
		if [ -e $file ]; then
			echo $3 >$file
			return
		fi
	done
	echo "this kernel has no $1" >&2
}

# Forks, pipes, shells, a wanderer, hogs.
mixed() {
	workload mixed $1
}

# Shells come and go through exec(), in pipelines.
pipelines() {
	for i in $(seq $1); do
		(for j in 1 2 3 4 5; do echo $j; done | sort | cat | wc -l) &
		[ $((i % 4)) = 0 ] && wait
	done
	wait
}

# Hogs, RT tasks and sleepers are sent to and fro, one by one and as a group.
cpusets() {
	local group=/tmp/cgroup
	mkdir -p $group
	mount -t cgroup2 none $group
	echo +cpuset >$group/cgroup.subtree_control
	mkdir -p $group/a
	echo 0-3 >$group/a/cpuset.cpus
	sh -c "echo \$\$ >$group/a/cgroup.procs; exec workload mixed $1" &
	local end=$(($(date +%s) + $1)) set
	while [ $(date +%s) -lt $end ]; do
		for set in 0-1 2-3 1 1,2 0,3 0-3; do
			echo $set >$group/a/cpuset.cpus
			usleep 100000
		done
	done
	wait
}

# Each CPU goes offline and comes back under load, also while tasks are sent to it and away from it.
hotplug() {
	workload mixed 600 &
	local load=$! cpu
	(while :; do workload walk 20; done) &
	local walker=$!
	for i in $(seq $1); do
		for cpu in 1 2 3; do
			echo 0 >/sys/devices/system/cpu/cpu$cpu/online
			usleep 100000
			echo 1 >/sys/devices/system/cpu/cpu$cpu/online
			usleep 200000
		done
	done
	kill $load $walker
	wait $load $walker
}

# With and without interrupts that ask other CPUs to give real-time tasks away, instead of taking them.
fifo() {
	scheduler features sched_features NO_RT_PUSH_IPI
	workload fifo $1
	scheduler features sched_features RT_PUSH_IPI
	workload fifo $1
}

modprobe mt_cause_check && modprobe migrate_trace_lite trace_buf_kb=4096 || exit 1
numa=n
if [ -e /proc/sys/kernel/numa_balancing ]; then
	numa=y
	# By default it looks after a second of run time, and then only now and then.
	scheduler numa_balancing/scan_delay_ms numa_balancing_scan_delay_ms 50
	scheduler numa_balancing/scan_period_min_ms numa_balancing_scan_period_min_ms 50
fi

echo 1 >$T/enable || exit 1
echo 1 >$T/mark
phase mixed 12
phase workload counted 60
phase pipelines 40
phase workload exec 120
phase workload storm 2 4
phase cpusets 8
phase fifo 8
phase workload deadline 8
phase hotplug 4
until_seen 10 5 '_*active_load_balance_cpu_stop' workload active 8
until_seen 5 8 pull_dl_task workload deadline 5
until_seen 3 8 dl_task_timer workload throttled 3
if [ $numa = y ]; then
	until_seen 5 10 migrate_swap_stop workload numa 8
	until_seen 5 10 migrate_task_to workload numa 8
fi
until_seen 10 5 sched_exec workload exec 60
# A busy host lets less happen in the same time.
for i in 1 2 3 4 5 6 7 8; do
	[ $(moves) -lt 12000 ] && phase mixed 8 && phase fifo 2 && phase workload counted 30
done
echo 2 >$T/mark
echo 0 >$T/enable
cat $LOG >/tmp/stacks && cat $T/trace >/tmp/trace
