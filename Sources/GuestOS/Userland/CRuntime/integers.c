// Compiler support for 128-bit integers, which clang and swiftc call by these names on wasm32. Written on 64-bit
// halves so that they do not call themselves.
typedef unsigned long long u64;
typedef __int128 s128;
typedef unsigned __int128 u128;

#define LOW(v) ((u64)(v))

static u128 make(u64 high, u64 low) {
  union { u128 v; struct { u64 low, high; } h; } u;
  u.h.low = low;
  u.h.high = high;
  return u.v;
}
static u64 high_of(u128 v) {
  union { u128 v; struct { u64 low, high; } h; } u = {.v = v};
  return u.h.high;
}

s128 __multi3(s128 a, s128 b) {
  u64 al = LOW(a), bl = LOW(b);
  u64 a0 = (unsigned)al, a1 = al >> 32, b0 = (unsigned)bl, b1 = bl >> 32;
  u64 low = a0 * b0, mid = a1 * b0 + (low >> 32), mid2 = a0 * b1 + (unsigned)mid;
  u64 high = a1 * b1 + (mid >> 32) + (mid2 >> 32);
  high += high_of((u128)a) * bl + al * high_of((u128)b);
  return (s128)make(high, (mid2 << 32) | (unsigned)low);
}
s128 __ashlti3(s128 v, int n) {
  u64 l = LOW(v), h = high_of((u128)v);
  if (n & 64) return (s128)make(l << (n & 63), 0);
  return n ? (s128)make(h << n | l >> (64 - n), l << n) : v;
}
s128 __lshrti3(s128 v, int n) {
  u64 l = LOW(v), h = high_of((u128)v);
  if (n & 64) return (s128)make(0, h >> (n & 63));
  return n ? (s128)make(h >> n, l >> n | h << (64 - n)) : v;
}
s128 __ashrti3(s128 v, int n) {
  u64 l = LOW(v);
  long long h = (long long)high_of((u128)v);
  if (n & 64) return (s128)make((u64)(h >> 63), (u64)(h >> (n & 63)));
  return n ? (s128)make((u64)(h >> n), l >> n | (u64)h << (64 - n)) : v;
}
static u128 divide(u128 a, u128 b, u128 *remainder) {
  u64 qh = 0, ql = 0;
  u64 rh = 0, rl = 0, bh = high_of(b), bl = LOW(b), ah = high_of(a), al = LOW(a);
  if (bh == 0 && bl == 0) __builtin_trap();
  for (int i = 127; i >= 0; i--) {
    rh = rh << 1 | rl >> 63;
    rl = rl << 1 | ((i >= 64 ? ah >> (i - 64) : al >> i) & 1);
    if (rh > bh || (rh == bh && rl >= bl)) {
      u64 borrow = rl < bl;
      rl -= bl;
      rh -= bh + borrow;
      if (i >= 64) qh |= 1ull << (i - 64); else ql |= 1ull << i;
    }
  }
  if (remainder) *remainder = make(rh, rl);
  return make(qh, ql);
}
u128 __udivti3(u128 a, u128 b) { return divide(a, b, 0); }
u128 __umodti3(u128 a, u128 b) { u128 r; divide(a, b, &r); return r; }
s128 __divti3(s128 a, s128 b) {
  u128 q = divide(a < 0 ? -(u128)a : (u128)a, b < 0 ? -(u128)b : (u128)b, 0);
  return (s128)((a < 0) != (b < 0) ? -q : q);
}
s128 __modti3(s128 a, s128 b) {
  u128 r;
  divide(a < 0 ? -(u128)a : (u128)a, b < 0 ? -(u128)b : (u128)b, &r);
  return (s128)(a < 0 ? -r : r);
}
