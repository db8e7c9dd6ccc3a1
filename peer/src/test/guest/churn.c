/*
 * A guest that checks its own memory: a multiboot kernel for tests of live migration.
 *
 *   -kernel churn.elf -append 'A=4096 D=64 H=10 V=512'
 *
 *   A  pages that are written once
 *   D  pages that are rewritten in every tick
 *   H  hundredths of a second per tick
 *   V  of the A pages, how many are verified in every tick
 *
 * Every word of a page depends on the page's number and on the tick it was written in. The serial
 * line says "T n" after each tick, "S n OK" whenever all A pages were verified once more, and
 * "BAD page..." once a word is not what was written; then it halts.
 */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;

#define PAGE_WORDS 1024
#define FIRST_PAGE ((volatile u32 *)0x200000)
#define COM1 0x3f8

__attribute__((section(".multiboot"), used)) static const u32 multiboot[] = {
    0x1badb002, 0, -0x1badb002u};

static volatile u32 jiffies;
static u8 stack[16384] __attribute__((aligned(16), used));
static u32 gate[256][2] __attribute__((aligned(8)));

__asm__(
    ".globl start\n"
    "start: cli\n"
    "  movl $stack + 16384, %esp\n"
    "  pushl %ebx\n"
    "  call run\n"
    "1: cli\n"
    "  hlt\n"
    "  jmp 1b\n"
    "on_timer: pushal\n"
    "  incl jiffies\n"
    "  movb $0x20, %al\n"
    "  outb %al, $0x20\n"
    "  popal\n"
    "  iret\n");
extern void on_timer(void);

static void out(u16 port, u8 value) {
  __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static u8 in(u16 port) {
  u8 value;
  __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}

static void put(char c) {
  while (!(in(COM1 + 5) & 0x20)) {
  }
  out(COM1, c);
}

static void text(const char *s) {
  while (*s) put(*s++);
}

static void number(u32 n) {
  char digits[11];
  int at = 10;
  digits[at] = 0;
  do {
    digits[--at] = '0' + n % 10;
    n /= 10;
  } while (n);
  text(digits + at);
}

static u32 option(const char *line, char name, u32 otherwise) {
  for (; *line; line++) {
    if (line[0] == name && line[1] == '=' && line[-1] == ' ') {
      u32 value = 0;
      for (line += 2; *line >= '0' && *line <= '9'; line++) value = value * 10 + (*line - '0');
      return value;
    }
  }
  return otherwise;
}

static u32 word(u32 page, u32 tick, u32 i) {
  u32 x = page * 2654435761u ^ tick * 2246822519u ^ i * 3266489917u;
  x ^= x >> 15;
  return x * 668265263u + 1;
}

static void fill(u32 page, u32 tick) {
  volatile u32 *at = FIRST_PAGE + page * PAGE_WORDS;
  for (u32 i = 0; i < PAGE_WORDS; i++) at[i] = word(page, tick, i);
}

static void verify(u32 page, u32 tick) {
  volatile u32 *at = FIRST_PAGE + page * PAGE_WORDS;
  for (u32 i = 0; i < PAGE_WORDS; i++) {
    if (at[i] == word(page, tick, i)) continue;
    text("BAD page ");
    number(page);
    text(" word ");
    number(i);
    text(" of tick ");
    number(tick);
    put('\n');
    for (;;) __asm__ volatile("cli; hlt");
  }
}

static void start_timer(void) {
  u32 handler = (u32)on_timer;
  u16 code;
  __asm__ volatile("movw %%cs, %0" : "=r"(code));
  gate[32][0] = ((u32)code << 16) | (handler & 0xffff);
  gate[32][1] = (handler & 0xffff0000) | 0x8e00;
  struct {
    u16 limit;
    u32 base;
  } __attribute__((packed)) table = {sizeof gate - 1, (u32)gate};
  __asm__ volatile("lidt %0" : : "m"(table));
  out(0x20, 0x11), out(0x21, 32), out(0x21, 4), out(0x21, 1), out(0x21, 0xfe);
  out(0xa0, 0x11), out(0xa1, 40), out(0xa1, 2), out(0xa1, 1), out(0xa1, 0xff);
  out(0x43, 0x34), out(0x40, 11932 & 0xff), out(0x40, 11932 >> 8);
  __asm__ volatile("sti");
}

__attribute__((used)) static void run(const u32 *info) {
  const char *line = (const char *)info[4];
  u32 statics = option(line, 'A', 1024), dirties = option(line, 'D', 64);
  u32 period = option(line, 'H', 10), verified = option(line, 'V', 256);
  start_timer();
  text("UP\n");
  for (u32 page = 0; page < statics; page++) fill(page, 0);
  for (u32 page = 0; page < dirties; page++) fill(statics + page, 0);
  text("READY\n");
  u32 next = 0, rounds = 0, due = jiffies;
  for (u32 tick = 1;; tick++) {
    for (u32 page = statics; page < statics + dirties; page++) {
      verify(page, tick - 1);
      fill(page, tick);
    }
    for (u32 n = 0; n < verified && statics; n++) {
      verify(next, 0);
      if (++next == statics) {
        next = 0;
        text("S ");
        number(++rounds);
        text(" OK\n");
      }
    }
    text("T ");
    number(tick);
    put('\n');
    due += period;
    while ((int)(due - jiffies) > 0) __asm__ volatile("hlt");
  }
}
