// Native only, the end of allocator.c: the test bench and the relations that must hold between the allocator's structures.

void terrarium_heap_begin(void *base, size_t offset, uint32_t pages, uint32_t pages_max) {
  test_base = base;
  test_offset = (u32)offset;
  test_pages = pages;
  test_pages_max = min_of(pages_max, PAGE_COUNT_MAX);
  test_failure[0] = 0;
  test_canary = 0;
  unit_first = unit_end = 0;
  held_count = held_free_count = released_count = release_calls = 0;
  __builtin_memset(map, 0, sizeof map);
  __builtin_memset(held, 0, sizeof held);
  __builtin_memset(rooms, 0, sizeof rooms);
  __builtin_memset(slab_counts, 0, sizeof slab_counts);
  __builtin_memset(neighbours, 0, sizeof neighbours);
}
void terrarium_heap_set_canary(int kind) { test_canary = kind; }
const char *terrarium_heap_take_failure(void) {
  static char text[sizeof test_failure];
  if (!test_failure[0]) return NULL;
  __builtin_memcpy(text, test_failure, sizeof text);
  test_failure[0] = 0;
  return text;
}

static const char *check_slab(u32 unit, u32 word) {
  u32 c = slab_class(word), n = run_length(word), used = 0;
  slab *s = slab_of(unit);
  if (slab_at(word) != 0 || c >= CLASS_COUNT) return "a slab's first unit is wrong";
  for (u32 i = 0; i < n; i++) if (map[unit + i] != SLAB_WORD(c, i, n)) return "a slab's units disagree";
  for (u32 i = 0; i < s->capacity; i++) used += !(s->free[i >> 6] >> (i & 63) & 1);
  if (used != s->used) return "a slab miscounts its blocks";
  for (u32 i = 0; i < s->word; i++) if (s->free[i]) return "a slab's first free word is wrong";
  if (s->first + s->capacity * classes[c].size > n << UNIT_SHIFT) return "a slab is too short";
  u32 listed = 0;
  for (u32 at = rooms[c]; at; at = slab_of(at)->next) listed += at == unit;
  if (listed != (s->used < s->capacity)) return "a slab with room is not listed once";
  return NULL;
}
static const char *check_lists(void) {
  for (u32 c = 0; c < CLASS_COUNT; c++)
    for (u32 at = rooms[c], before = 0; at; before = at, at = slab_of(at)->next)
      if (slab_of(at)->previous != before || at <= before) return "a list of slabs is out of order";
  return NULL;
}
static const char *check_hints(u32 unit, u32 n) {
  for (u32 i = 0; i < HINT_COUNT && hint_length(i) <= n; i++) if (hints[i] > unit) return "a hint hides a free run";
  return NULL;
}

const char *terrarium_heap_check(void) {
  u32 counted = 0, all = 0, slabs = 0;
  const char *problem = check_lists();
  u8 starts_hint[HINT_COUNT] = {0};
  for (u32 unit = unit_first; unit < unit_end && !problem;) {
    u32 word = map[unit], n = run_length(word);
    if (kind_of(word) == KIND_INSIDE || n == 0 || n > unit_end - unit) return "the runs do not tile the heap";
    for (u32 i = 0; i < HINT_COUNT; i++) if (hints[i] == unit) starts_hint[i] = 1;
    if (kind_of(word) == KIND_SLAB) { slabs++; problem = check_slab(unit, word); }
    if (kind_of(word) == KIND_LARGE && n > 1 && map[unit + n - 1] != LARGE_LAST(n)) return "a large block's end is not marked";
    if (kind_of(word) == KIND_FREE) {
      if (map[unit + n - 1] != FREE_WORD(n)) return "a free run's end is not marked";
      if (unit + n < unit_end && kind_of(map[unit + n]) == KIND_FREE) return "two free runs lie side by side";
      problem = check_hints(unit, n);
      for (u32 page = page_up(unit); page < page_down(unit + n); page++) counted += is_held(page);
    }
    unit += n;
  }
  if (problem) return problem;
  for (u32 c = 0; c < CLASS_COUNT; c++) slabs -= slab_counts[c];
  if (slabs != 0) return "slabs are miscounted";
  for (u32 i = 0; i < HINT_COUNT && unit_end; i++) {
    if (!starts_hint[i] && hints[i] != unit_end) return "a hint names no run";
    if (i > 0 && hints[i] < hints[i - 1]) return "hints are out of order";
  }
  for (u32 i = 0; i < PAGE_COUNT_MAX / 32; i++) all += (u32)__builtin_popcount(held[i]);
  if (all != held_count) return "held pages are miscounted";
  if (counted != held_free_count) return "free held pages are miscounted";
  return NULL;
}
