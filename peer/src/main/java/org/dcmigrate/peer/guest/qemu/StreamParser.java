package org.dcmigrate.peer.guest.qemu;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.RamBlock;
import org.dcmigrate.protocol.Text;

/**
 * Takes QEMU's migration stream apart; the layout stands in the package's documentation. Bytes in,
 * records out: an item that is not complete in the window is left there, so the parser keeps no
 * half-read items. Whatever it does not understand it refuses, as a page misread is a guest lost.
 */
final class StreamParser {
  private static final int FLAGS = Geometry.PAGE_BYTES - 1;

  private static final int LONGEST_MACHINE = 255;
  private static final int LONGEST_COMMAND = 4096;
  private static final StreamRecord MORE = new StreamRecord.More();
  private static final StreamRecord SKIPPED = new StreamRecord.Skipped();

  private final ByteArrayOutputStream preamble = new ByteArrayOutputStream();
  private final List<RamBlock> blocks = new ArrayList<>();
  private final Map<String, Integer> numbers = new HashMap<>();
  private final StreamTail tail = new StreamTail();
  private State state = State.MAGIC;
  private String machine = "";
  private int section;
  private int sectionKind;
  private long unnamedBytes;
  private int block = -1;
  private long blockBytes;
  private boolean configurable;

  private enum State {
    MAGIC,
    SECTIONS,
    SIZES,
    RECORDS,
    FOOTER,
    TAIL,
    END
  }

  /**
   * The next record, or {@link StreamRecord.More} when the window must be filled first.
   *
   * @throws DcmException GUEST_UNSUPPORTED for a stream of another shape; the parser is then of no
   *     further use
   */
  StreamRecord next(StreamWindow in) throws DcmException {
    while (true) {
      StreamRecord found =
          switch (state) {
            case MAGIC -> magic(in);
            case SECTIONS -> section(in);
            case SIZES -> size(in);
            case RECORDS -> record(in);
            case FOOTER -> footer(in);
            case TAIL -> tail(in);
            case END -> {
              if (in.available() > 0) {
                throw StreamRefusal.of("bytes came after the end of the stream");
              }
              yield MORE;
            }
          };
      if (!(found instanceof StreamRecord.Skipped)) {
        return found;
      }
    }
  }

  private StreamRecord magic(StreamWindow in) throws DcmException {
    if (in.available() < 13) {
      return MORE;
    }
    if (in.be32(0) != StreamFormat.MAGIC || in.be32(4) != 3) {
      throw StreamRefusal.of(
          "it must start with QEVM, version 3, but started with %08x %08x"
              .formatted(in.be32(0), in.be32(4)));
    }
    if (in.u8(8) != StreamFormat.CONFIGURATION) {
      throw StreamRefusal.of(
          "it names no machine; give the guest a machine type of QEMU 2.4 or later, without"
              + " send-configuration=off");
    }
    int length = in.be32(9);
    if (length < 1 || length > LONGEST_MACHINE) {
      throw StreamRefusal.of("a machine's name must have 1 to 255 bytes, but has " + length);
    }
    if (in.available() < 13L + length) {
      return MORE;
    }
    machine = in.text(13, length);
    keep(in, 13 + length);
    configurable = true;
    state = State.SECTIONS;
    return SKIPPED;
  }

  private StreamRecord section(StreamWindow in) throws DcmException {
    if (in.available() < 1) {
      return MORE;
    }
    int type = in.u8(0);
    boolean first = blocks.isEmpty();
    return switch (type) {
      case StreamFormat.COMMAND -> command(in);
      case StreamFormat.SUBSECTION -> subsection(in);
      case StreamFormat.SECTION_START -> start(in);
      case StreamFormat.SECTION_PART, StreamFormat.SECTION_END -> {
        if (first) {
          throw StreamRefusal.of("pages came before the RAM blocks");
        }
        if (in.available() < 5) {
          yield MORE;
        }
        if (in.be32(1) != section) {
          throw StreamRefusal.of("a part of unknown section %d came".formatted(in.be32(1)));
        }
        in.skip(5);
        sectionKind = type;
        state = State.RECORDS;
        yield SKIPPED;
      }
      case StreamFormat.SECTION_FULL -> throw StreamRefusal.full(in);
      default -> throw StreamRefusal.of("a section of unknown type %d came".formatted(type));
    };
  }

  private StreamRecord command(StreamWindow in) throws DcmException {
    if (in.available() < 5) {
      return MORE;
    }
    int command = in.be16(1);
    int length = in.be16(3);
    // Open return path, ping, switchover start: nothing that a destination depends on.
    if (command != 1 && command != 2 && command != 11) {
      throw StreamRefusal.of(
          "it has command %d, of postcopy or COLO; switch these off for the guest"
              .formatted(command));
    }
    if (length > LONGEST_COMMAND) {
      throw StreamRefusal.of("a command has %d bytes".formatted(length));
    }
    if (in.available() < 5L + length) {
      return MORE;
    }
    in.skip(5L + length);
    return SKIPPED;
  }

  /** The configuration's subsections, which say what else the stream depends on. */
  private StreamRecord subsection(StreamWindow in) throws DcmException {
    if (in.available() < 2 || in.available() < 6L + in.u8(1)) {
      return MORE;
    }
    int nameLength = in.u8(1);
    String name = in.text(2, nameLength);
    int head = 6 + nameLength;
    int length =
        switch (configurable ? name : "") {
          case "configuration/target-page-bits" -> 4;
          case "configuration/uuid" -> 16;
          case "configuration/capabilities" ->
              throw StreamRefusal.of(
                  "it depends on a capability such as x-ignore-shared; switch that off for the"
                      + " guest");
          default -> throw StreamRefusal.of("it has the unknown subsection " + Text.quote(name));
        };
    if (in.available() < head + length) {
      return MORE;
    }
    if (length == 4 && in.be32(head) != 12) {
      throw StreamRefusal.of("pages must have 2^12 bytes, but have 2^" + in.be32(head));
    }
    keep(in, head + length);
    return SKIPPED;
  }

  private StreamRecord start(StreamWindow in) throws DcmException {
    if (in.available() < 6 || in.available() < 14L + in.u8(5)) {
      return MORE;
    }
    int nameLength = in.u8(5);
    String name = in.text(6, nameLength);
    int instance = in.be32(6 + nameLength);
    int version = in.be32(10 + nameLength);
    if (!blocks.isEmpty() || !name.equals("ram") || instance != 0) {
      throw StreamRefusal.of(
          "it has %s, which also sends state while the guest runs; %s"
              .formatted(Text.quote(name), StreamRefusal.remedy(name)));
    }
    if (version != StreamFormat.RAM_VERSION) {
      throw StreamRefusal.of("its RAM section must have version 4, but has " + version);
    }
    section = in.be32(1);
    sectionKind = StreamFormat.SECTION_START;
    configurable = false;
    keep(in, 14 + nameLength);
    state = State.RECORDS;
    return SKIPPED;
  }

  private StreamRecord size(StreamWindow in) throws DcmException {
    if (in.available() < 1 || in.available() < 9L + in.u8(0)) {
      return MORE;
    }
    int nameLength = in.u8(0);
    RamBlock one = new RamBlock(in.text(1, nameLength), in.be64(1 + nameLength));
    if (one.sizeBytes() <= 0
        || one.sizeBytes() > unnamedBytes
        || blocks.size() >= Geometry.MAX_BLOCKS) {
      throw StreamRefusal.of(
          "RAM block %s of %d bytes does not fit into the %d bytes announced"
              .formatted(Text.quote(one.name()), one.sizeBytes(), unnamedBytes));
    }
    numbers.put(one.name(), blocks.size());
    blocks.add(one);
    unnamedBytes -= one.sizeBytes();
    keep(in, 9 + nameLength);
    if (unnamedBytes == 0) {
      state = State.RECORDS;
    }
    return SKIPPED;
  }

  private StreamRecord record(StreamWindow in) throws DcmException {
    if (in.available() < 8) {
      return MORE;
    }
    long header = in.be64(0);
    int flags = (int) (header & FLAGS);
    long offset = header & ~FLAGS;
    if (flags == StreamFormat.EOS) {
      if (sectionKind == StreamFormat.SECTION_START) {
        keep(in, 8);
      } else {
        in.skip(8);
      }
      state = State.FOOTER;
      return SKIPPED;
    }
    if (sectionKind == StreamFormat.SECTION_START) {
      return sizes(in, flags, offset);
    }
    int kind = flags & ~StreamFormat.CONTINUE;
    if (kind != StreamFormat.PAGE && kind != StreamFormat.ZERO) {
      throw StreamRefusal.flags(flags);
    }
    int head = 8;
    if ((flags & StreamFormat.CONTINUE) == 0) {
      if (in.available() < 9 || in.available() < 9L + in.u8(8)) {
        return MORE;
      }
      head = 9 + in.u8(8);
    }
    int length = kind == StreamFormat.PAGE ? Geometry.PAGE_BYTES : 1;
    if (in.available() < head + length) {
      return MORE;
    }
    if (head > 8) {
      enter(in.text(9, head - 9));
    }
    if (block < 0 || offset < 0 || offset >= blockBytes) {
      throw StreamRefusal.of("a page at %d lies outside its block".formatted(offset));
    }
    long page = offset / Geometry.PAGE_BYTES;
    if (kind == StreamFormat.ZERO && in.u8(head) != 0) {
      throw StreamRefusal.of("a page filled with %d came".formatted(in.u8(head)));
    }
    long payload = in.position() + head;
    in.skip(head + length);
    return kind == StreamFormat.PAGE
        ? new StreamRecord.Page(block, page, payload)
        : new StreamRecord.ZeroPage(block, page);
  }

  private StreamRecord sizes(StreamWindow in, int flags, long total) throws DcmException {
    if (flags != StreamFormat.MEM_SIZE || !blocks.isEmpty()) {
      throw StreamRefusal.flags(flags);
    }
    if (total < Geometry.PAGE_BYTES || total > Geometry.MAX_BYTES) {
      throw StreamRefusal.of("a guest's memory must be 4096 to 2^46 bytes, but is " + total);
    }
    unnamedBytes = total;
    keep(in, 8);
    state = State.SIZES;
    return SKIPPED;
  }

  private void enter(String name) throws DcmException {
    Integer number = numbers.get(name);
    if (number == null) {
      throw StreamRefusal.of("a page of unknown RAM block %s came".formatted(Text.quote(name)));
    }
    block = number;
    blockBytes = blocks.get(number).sizeBytes();
  }

  private StreamRecord footer(StreamWindow in) throws DcmException {
    if (in.available() < 5) {
      return MORE;
    }
    if (in.u8(0) != StreamFormat.FOOTER || in.be32(1) != section) {
      throw StreamRefusal.of(
          "a section's footer is missing; use a machine type of QEMU 2.4 or later, without"
              + " send-section-footer=off");
    }
    if (sectionKind == StreamFormat.SECTION_START) {
      keep(in, 5);
      state = State.SECTIONS;
      return new StreamRecord.Setup(
          preamble.toByteArray(), machine, section, Geometry.checked(blocks));
    }
    in.skip(5);
    if (sectionKind == StreamFormat.SECTION_END) {
      state = State.TAIL;
      return new StreamRecord.RamEnded();
    }
    state = State.SECTIONS;
    return SKIPPED;
  }

  private StreamRecord tail(StreamWindow in) throws DcmException {
    if (in.available() == 0) {
      return MORE;
    }
    tail.add(in.bytes(0, (int) in.available()));
    in.skip(in.available());
    if (!tail.complete()) {
      return MORE;
    }
    state = State.END;
    return new StreamRecord.Ended(tail.bytes());
  }

  private void keep(StreamWindow in, int count) throws DcmException {
    preamble.writeBytes(in.bytes(0, count));
    in.skip(count);
  }
}
