// What the host itself costs, for standing beside the measurements of the processor: the calls that a page fault, a system
// call or a clone cannot do without, and what the host does for its own processes. Seconds of processor time each.
#ifndef CBOUNDS_H
#define CBOUNDS_H

double terrarium_thread_seconds(void);      // processor time of this thread so far

double terrarium_bound_system_call(void);   // getppid, uncached
double terrarium_bound_signal(void);        // SIGSEGV delivered to a handler that returns behind the instruction
double terrarium_bound_clear(void);         // memset of 64 KiB in RAM like the guest's
double terrarium_bound_copy(void);          // memcpy of 64 KiB there
double terrarium_bound_map(void);           // mmap of 64 KiB of it, and one read
double terrarium_bound_touch(void);         // first write to a host page that is mapped but not yet there
double terrarium_bound_reserve(void);       // reserve and release 8 GiB of addresses, and a table of 256 KiB
double terrarium_bound_fork(void);          // fork, end and wait of a process with 16 MiB written
double terrarium_bound_pipe(void);          // one byte from process to process through a pipe, on one processor

#endif
