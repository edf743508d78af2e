// C glue of the machine: what Swift cannot express. `ram.c`: memfd and address spaces. `fiber.c`: native stacks and
// switching. `fault.c`: the SIGSEGV handler. `runtime.c`: the functions that translated programs call.
#ifndef TERRARIUM_CHOST_H
#define TERRARIUM_CHOST_H

#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>

// Guest RAM: a memfd of `byte_count` bytes, mapped and prefaulted. Returns the descriptor, or -1 with errno.
int terrarium_ram_create(uint64_t byte_count, void *_Nullable *_Nonnull address);
void terrarium_ram_destroy(int descriptor, void *_Nonnull address, uint64_t byte_count);

#endif
