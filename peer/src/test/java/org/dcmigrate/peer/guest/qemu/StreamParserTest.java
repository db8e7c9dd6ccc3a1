package org.dcmigrate.peer.guest.qemu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StreamParserTest {
  private static final int PAGE = 4096;
  private static final String VMDESC = "{\"page_size\": 4096, \"devices\": []}";

  /** Writes streams as QEMU does. */
  private static final class Stream {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final DataOutputStream out = new DataOutputStream(bytes);

    Stream header() throws IOException {
      out.writeInt(0x5145564d);
      out.writeInt(3);
      out.write(7);
      out.writeInt(4);
      out.writeBytes("pc-7");
      return this;
    }

    Stream command(int command, int... body) throws IOException {
      out.write(8);
      out.writeShort(command);
      out.writeShort(body.length);
      for (int one : body) {
        out.write(one);
      }
      return this;
    }

    Stream start(String name, int version) throws IOException {
      out.write(1);
      out.writeInt(2);
      name(name);
      out.writeInt(0);
      out.writeInt(version);
      return this;
    }

    Stream blocks() throws IOException {
      out.writeLong(5 * PAGE | 4);
      name("pc.ram");
      out.writeLong(4 * PAGE);
      name("rom");
      out.writeLong(PAGE);
      return end();
    }

    Stream setup() throws IOException {
      return header().command(1).command(2, 0, 0, 0, 1).start("ram", 4).blocks();
    }

    Stream end() throws IOException {
      out.writeLong(0x10);
      out.write(0x7e);
      out.writeInt(2);
      return this;
    }

    Stream section(int type) throws IOException {
      out.write(type);
      out.writeInt(2);
      return this;
    }

    Stream page(long offset, int flags, String name, int fill) throws IOException {
      out.writeLong(offset | flags);
      if ((flags & 0x20) == 0) {
        name(name);
      }
      int length = (flags & 8) != 0 ? PAGE : 1;
      for (int i = 0; i < length; i++) {
        out.write(fill);
      }
      return this;
    }

    Stream tail() throws IOException {
      out.write(4);
      out.writeInt(9);
      name("globalstate");
      out.writeInt(0);
      out.writeInt(1);
      out.writeInt(100);
      out.writeBytes("running\0 and so on } \0\6");
      out.write(0);
      out.write(6);
      out.writeInt(VMDESC.length());
      out.writeBytes(VMDESC);
      return this;
    }

    Stream raw(int... values) throws IOException {
      for (int one : values) {
        out.write(one);
      }
      return this;
    }

    private void name(String name) throws IOException {
      byte[] text = name.getBytes(StandardCharsets.UTF_8);
      out.write(text.length);
      out.write(text);
    }

    byte[] done() {
      return bytes.toByteArray();
    }
  }

  private static byte[] whole() throws IOException {
    return new Stream()
        .setup()
        .section(2)
        .page(0, 8, "pc.ram", 1)
        .page(PAGE, 2 | 0x20, "", 0)
        .page(0, 2, "rom", 0)
        .end()
        .section(2)
        .page(2 * PAGE, 8, "pc.ram", 3)
        .end()
        .command(11)
        .section(3)
        .page(3 * PAGE, 8 | 0x20, "", 4)
        .end()
        .tail()
        .done();
  }

  /** Everything the parser finds when it gets the bytes in pieces of this size. */
  private static List<String> parse(byte[] bytes, int piece) throws DcmException {
    StreamParser parser = new StreamParser();
    StreamWindow window = new StreamWindow(MemorySegment.ofArray(new byte[16 << 10]));
    List<String> found = new ArrayList<>();
    int fed = 0;
    while (true) {
      StreamRecord record = parser.next(window);
      switch (record) {
        case StreamRecord.More more -> {
          if (fed == bytes.length) {
            return found;
          }
          MemorySegment room = window.room();
          int count = (int) Math.min(Math.min(piece, bytes.length - fed), room.byteSize());
          MemorySegment.copy(MemorySegment.ofArray(bytes), fed, room, 0, count);
          window.filled(count);
          fed += count;
        }
        case StreamRecord.Page page -> {
          byte first = window.buffer().get(ValueLayout.JAVA_BYTE, page.offset());
          found.add("page " + page.block() + "/" + page.page() + "=" + first);
        }
        case StreamRecord.ZeroPage page -> found.add("zero " + page.block() + "/" + page.page());
        case StreamRecord.Setup setup -> found.add("setup " + setup.geometry().blocks().size());
        case StreamRecord.RamEnded ended -> found.add("ram ended");
        case StreamRecord.Ended ended -> found.add("ended");
        case StreamRecord.Skipped skipped -> throw new AssertionError();
      }
    }
  }

  private static final List<String> EXPECTED =
      List.of(
          "setup 2",
          "page 0/0=1",
          "zero 0/1",
          "zero 1/0",
          "page 0/2=3",
          "page 0/3=4",
          "ram ended",
          "ended");

  @Test
  void findsTheSameInPiecesOfAnySize() throws Exception {
    byte[] bytes = whole();
    for (int piece = 1; piece <= 300; piece++) {
      assertEquals(EXPECTED, parse(bytes, piece), "pieces of " + piece);
    }
    assertEquals(EXPECTED, parse(bytes, bytes.length));
  }

  @Test
  void truncatedStreamNeverEnds() throws Exception {
    byte[] bytes = whole();
    for (int length = 0; length < bytes.length; length += length < 300 ? 1 : 97) {
      List<String> found = parse(Arrays.copyOf(bytes, length), 4096);
      assertFalse(found.contains("ended"), "after " + length);
      assertEquals(EXPECTED.subList(0, found.size()), found);
    }
  }

  @Test
  void deviceStateTellsWhetherTheGuestRan() throws Exception {
    byte[] tail = new Stream().tail().done();
    assertTrue(StreamTail.ran(tail));
    String text = new String(tail, StandardCharsets.ISO_8859_1);
    assertFalse(
        StreamTail.ran(text.replace("running", "paused\0").getBytes(StandardCharsets.ISO_8859_1)));
    assertFalse(StreamTail.ran(text.substring(0, 35).getBytes(StandardCharsets.ISO_8859_1)));
    assertTrue(StreamTail.ran(new byte[0]));
  }

  @Test
  void preambleHasNoCommands() throws Exception {
    StreamWindow window = new StreamWindow(MemorySegment.ofArray(new byte[4096]));
    window.fill(new Stream().setup().done(), 0);
    StreamRecord.Setup setup = (StreamRecord.Setup) new StreamParser().next(window);
    assertArrayEquals(new Stream().header().start("ram", 4).blocks().done(), setup.preamble());
    assertEquals("pc-7", setup.machine());
    assertEquals(2, setup.section());
  }

  @Test
  void damagedStreamIsRefusedOrUnderstoodButNeverBreaksTheParser() throws Exception {
    byte[] good = whole();
    for (int seed = 0; seed < 3000; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      byte[] bad = good.clone();
      // The heads are short and the pages long: most damage goes to the heads.
      int range = random.nextBoolean() ? 160 : bad.length;
      for (int i = random.nextInt(1, 4); i > 0; i--) {
        bad[random.nextInt(range)] = (byte) random.nextInt();
      }
      try {
        List<String> found = parse(bad, random.nextInt(1, 8192));
        assertTrue(found.size() <= EXPECTED.size() + 2, "seed " + seed);
      } catch (DcmException refused) {
        assertTrue(
            refused.reason() == Reason.GUEST_UNSUPPORTED
                || refused.reason() == Reason.FIELD_INVALID,
            "seed " + seed + ": " + refused.sentence());
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "0x40, xbzrle",
    "0x80, rdma",
    "0x100, compress",
    "0x200, multifd",
    "0x1, flags",
    "0xa, flags"
  })
  void otherPageFormsAreRefused(String flags, String named) throws Exception {
    byte[] bytes = new Stream().setup().section(2).page(0, Integer.decode(flags), "rom", 0).done();
    assertRefused(bytes, named);
  }

  @Test
  void whatElseItCannotTakeIsNamed() throws Exception {
    assertRefused(new Stream().raw(new int[13]).done(), "QEVM");
    assertRefused(new Stream().header().start("dirty-bitmap", 1).done(), "dirty-bitmaps");
    assertRefused(new Stream().setup().start("block", 1).done(), "capability block");
    assertRefused(new Stream().setup().start("vfio", 1).done(), "vfio");
    assertRefused(new Stream().header().start("ram", 5).done(), "version 4");
    assertRefused(new Stream().header().command(3).done(), "postcopy");
    assertRefused(new Stream().header().section(2).done(), "before the RAM blocks");
    assertRefused(new Stream().setup().raw(4, 0, 0, 0, 7, 1, 'x').done(), "virtio-mem");
    assertRefused(new Stream().setup().raw(0).done(), "type 0");
    assertRefused(new Stream().setup().section(2).page(0, 8, "none", 1).done(), "unknown RAM");
    assertRefused(new Stream().setup().section(2).page(0, 0x28, "", 1).done(), "outside");
    assertRefused(new Stream().setup().section(2).page(PAGE, 8, "rom", 1).done(), "outside");
    assertRefused(new Stream().setup().section(2).page(0, 2, "rom", 7).done(), "filled with 7");
    byte[] capabilities =
        new Stream()
            .header()
            .raw(5, 26)
            .raw("configuration/capabilities".chars().toArray())
            .raw(0, 0, 0, 1)
            .done();
    assertRefused(capabilities, "x-ignore-shared");
  }

  private static void assertRefused(byte[] bytes, String named) {
    DcmException refused = assertThrows(DcmException.class, () -> parse(bytes, 4096), named);
    assertEquals(Reason.GUEST_UNSUPPORTED, refused.reason());
    assertTrue(refused.sentence().contains(named), refused.sentence());
  }
}
