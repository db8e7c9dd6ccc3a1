package org.dcmigrate.peer.guest.qemu;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Extent;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.RamBlock;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.Text;

/**
 * Reads a guest's memory beside QEMU: through the file that QEMU maps, else from QEMU's process,
 * else, for small blocks, from a copy of what came through the stream.
 */
final class GuestMemory implements AutoCloseable {
  /** The largest block of which a copy is kept, and the largest one without a file of its own. */
  static final long SMALL_BLOCK = 32L << 20;

  /**
   * The same for memory of a device, which takes no file: it goes through QEMU's stream while the
   * guest stands still.
   */
  static final long DEVICE_BLOCK = 128L << 20;

  private static final Pattern RANGE =
      Pattern.compile("^\\s+([0-9a-f]{16})-([0-9a-f]{16}) \\(.*\\): (.+?)(?: @([0-9a-f]{16}))?$");
  private static final Pattern ADDRESS = Pattern.compile("\\((.*)\\) is 0x([0-9a-f]+)\\s*$");

  private final Geometry geometry;
  private final Arena arena;
  private final List<BlockMemory> blocks;
  private final Optional<FileChannel> process;

  private GuestMemory(
      Geometry geometry, Arena arena, List<BlockMemory> blocks, Optional<FileChannel> process) {
    this.geometry = geometry;
    this.arena = arena;
    this.blocks = List.copyOf(blocks);
    this.process = process;
  }

  /**
   * Finds out how each block can be read.
   *
   * @param files memory files that the operator named, by block
   * @throws DcmException GUEST_UNSUPPORTED when a large block cannot be
   */
  @SuppressWarnings("MustBeClosedChecker") // It is closed by close().
  static GuestMemory open(Qmp qmp, Geometry geometry, Map<String, Path> files) throws DcmException {
    Map<String, Path> known = sharedFiles(qmp);
    known.putAll(files);
    Arena arena = Arena.ofShared();
    Optional<FileChannel> process = Optional.empty();
    try {
      process = openProcess(qmp.pid());
      Map<String, Long> addresses =
          process.isEmpty() || known.keySet().containsAll(names(geometry))
              ? Map.of()
              : addresses(names(geometry), regions(qmp));
      List<BlockMemory> blocks = new ArrayList<>();
      for (RamBlock block : geometry.blocks()) {
        blocks.add(open(block, known, process, addresses, arena));
      }
      return new GuestMemory(geometry, arena, blocks, process);
    } catch (DcmException refused) {
      arena.close();
      close(process);
      throw refused;
    }
  }

  private static List<String> names(Geometry geometry) {
    return geometry.blocks().stream().map(RamBlock::name).toList();
  }

  private static BlockMemory open(
      RamBlock block,
      Map<String, Path> files,
      Optional<FileChannel> process,
      Map<String, Long> addresses,
      Arena arena)
      throws DcmException {
    Path file = files.get(block.name());
    String obstacle = "it has no shared memory file";
    if (file != null) {
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
        if (channel.size() >= block.sizeBytes()) {
          return new BlockMemory.Mapped(
              channel.map(FileChannel.MapMode.READ_ONLY, 0, block.sizeBytes(), arena));
        }
        obstacle = "%s has only %d bytes".formatted(file, channel.size());
      } catch (IOException failed) {
        obstacle = failed.toString();
      }
    }
    Long address = addresses.get(block.name());
    if (address != null && process.isPresent()) {
      BlockMemory.OfProcess memory = new BlockMemory.OfProcess(process.get(), address);
      if (readable(memory, block, arena)) {
        return memory;
      }
    }
    if (block.sizeBytes() <= most(block.name())) {
      return new BlockMemory.Copied(arena.allocate(block.sizeBytes(), Geometry.PAGE_BYTES));
    }
    if (isOfDevice(block.name())) {
      throw tooLarge(block);
    }
    throw new DcmException(
        Reason.GUEST_UNSUPPORTED,
        "RAM block %s cannot be read beside QEMU (%s); start the guest with memory-backend-file,"
                .formatted(Text.quote(block.name()), obstacle)
            + "share=on, or run dcmd as QEMU's user with the right to trace it");
  }

  /** The largest block of a name that needs no memory file of its own. */
  static long most(String block) {
    return isOfDevice(block) ? DEVICE_BLOCK : SMALL_BLOCK;
  }

  /**
   * Whether a block is a device's own memory, as that of a graphics card. QEMU names it after the
   * device's place, e.g. 0000:00:02.0/vga.vram; a backend has its id or its path for a name.
   */
  static boolean isOfDevice(String block) {
    return block.indexOf('/') > 0;
  }

  /** What is to be said of memory that no memory file can be given to. */
  static DcmException tooLarge(RamBlock block) {
    return new DcmException(
        Reason.GUEST_UNSUPPORTED,
        ("RAM block %s of %d bytes is a device's own memory, which may have at most %d bytes; start"
                + " the guest with less for that device, e.g. a smaller vgamem_mb")
            .formatted(Text.quote(block.name()), block.sizeBytes(), DEVICE_BLOCK));
  }

  /**
   * The same memory, with the blocks in the order of the stream.
   *
   * @throws DcmException GUEST_FAILED when the stream has other blocks than QEMU listed
   */
  GuestMemory arranged(Geometry stream) throws DcmException {
    List<BlockMemory> inOrder = new ArrayList<>();
    for (RamBlock block : stream.blocks()) {
      int known = geometry.blocks().indexOf(block);
      if (known < 0) {
        throw new DcmException(
            Reason.GUEST_FAILED,
            "RAM block %s of %d bytes appeared meanwhile; migrate when the guest is not changed"
                .formatted(Text.quote(block.name()), block.sizeBytes()));
      }
      inOrder.add(blocks.get(known));
    }
    return new GuestMemory(stream, arena, inOrder, process);
  }

  /** The first and the last page tell whether the whole block lies where it was said to. */
  private static boolean readable(BlockMemory memory, RamBlock block, Arena arena) {
    MemorySegment page = arena.allocate(Geometry.PAGE_BYTES);
    try {
      memory.read(0, page);
      memory.read(block.sizeBytes() - Geometry.PAGE_BYTES, page);
      return true;
    } catch (IOException unreadable) {
      return false;
    }
  }

  /** Files that QEMU shares its memory through; a private mapping's file says nothing. */
  private static Map<String, Path> sharedFiles(Qmp qmp) throws DcmException {
    Map<String, Path> files = new HashMap<>();
    for (JsonElement one : GuestFacts.list(qmp, "/objects")) {
      JsonObject object = one.getAsJsonObject();
      if (!object.get("type").getAsString().equals("child<memory-backend-file>")) {
        continue;
      }
      String id = object.get("name").getAsString();
      String path = "/objects/" + id;
      if (GuestFacts.property(qmp, path, "share").getAsBoolean() && !offset(qmp, path)) {
        Path file = Path.of(GuestFacts.property(qmp, path, "mem-path").getAsString());
        files.put(id, file);
        files.put(path, file);
      }
    }
    return files;
  }

  /** Whether the memory begins somewhere within its file, which QEMU 8.1 and later can do. */
  private static boolean offset(Qmp qmp, String path) throws DcmException {
    for (JsonElement one : GuestFacts.list(qmp, path)) {
      if (one.getAsJsonObject().get("name").getAsString().equals("offset")) {
        return GuestFacts.property(qmp, path, "offset").getAsLong() != 0;
      }
    }
    return false;
  }

  private static Optional<FileChannel> openProcess(long pid) {
    try {
      return Optional.of(
          FileChannel.open(Path.of("/proc/" + pid + "/mem"), StandardOpenOption.READ));
    } catch (IOException | SecurityException forbidden) {
      return Optional.empty();
    }
  }

  /**
   * Where blocks begin in QEMU's address space. A device's block is called as its memory region is,
   * after the device's place; where several devices have such a region it is not known whose it is.
   */
  static Map<String, Long> addresses(List<String> blocks, Map<String, Long> regions) {
    Map<String, Long> addresses = new HashMap<>();
    for (String block : blocks) {
      String region = isOfDevice(block) ? block.substring(block.indexOf('/') + 1) : block;
      long alike = blocks.stream().filter(one -> one.endsWith("/" + region)).count();
      Long address = regions.get(region);
      if (address != null && (region.equals(block) || alike == 1)) {
        addresses.put(block, address);
      }
    }
    return addresses;
  }

  /** Where memory regions begin in QEMU's address space, those the guest sees as its memory. */
  private static Map<String, Long> regions(Qmp qmp) throws DcmException {
    Map<String, Long> regions = new HashMap<>();
    boolean inSystem = false;
    for (String line : qmp.human("info mtree -f").lines().toList()) {
      if (line.startsWith("FlatView")) {
        inSystem = false;
      } else if (line.strip().equals("Root memory region: system")) {
        inSystem = true;
      }
      Matcher range = RANGE.matcher(line.stripTrailing());
      if (!inSystem || !line.contains(", ram)") || !range.matches()) {
        continue;
      }
      String name = range.group(3);
      if (regions.containsKey(name)) {
        continue;
      }
      String offset = range.group(4);
      Matcher address = ADDRESS.matcher(qmp.human("gpa2hva 0x" + range.group(1)));
      if (address.find() && address.group(1).equals(name)) {
        regions.put(
            name,
            Long.parseUnsignedLong(address.group(2), 16)
                - (offset == null ? 0 : Long.parseUnsignedLong(offset, 16)));
      }
    }
    return regions;
  }

  /** Keeps a page that came through the stream, where a copy is needed. */
  void came(int block, long page, MemorySegment from, long offset) {
    if (blocks.get(block) instanceof BlockMemory.Copied(MemorySegment copy)) {
      MemorySegment.copy(from, offset, copy, page * Geometry.PAGE_BYTES, Geometry.PAGE_BYTES);
    }
  }

  /** Keeps a zero page that came through the stream, where a copy is needed. */
  void cameZero(int block, long page) {
    if (blocks.get(block) instanceof BlockMemory.Copied(MemorySegment copy)) {
      copy.asSlice(page * Geometry.PAGE_BYTES, Geometry.PAGE_BYTES).fill((byte) 0);
    }
  }

  /**
   * Reads pages.
   *
   * @throws DcmException PAGE_OUT_OF_RANGE or GUEST_FAILED
   */
  void read(int block, long firstPage, int pageCount, MemorySegment into) throws DcmException {
    geometry.check(new Extent(block, firstPage, pageCount));
    long bytes = (long) pageCount * Geometry.PAGE_BYTES;
    try {
      blocks.get(block).read(firstPage * Geometry.PAGE_BYTES, into.asSlice(0, bytes));
    } catch (IOException | IllegalStateException failed) {
      throw new DcmException(
          Reason.GUEST_FAILED,
          "memory of RAM block %s cannot be read any more: %s"
              .formatted(Text.quote(geometry.blocks().get(block).name()), failed.getMessage()),
          failed);
    }
  }

  /** Whether a block's content is known only from the stream. */
  boolean isCopied(int block) {
    return blocks.get(block) instanceof BlockMemory.Copied;
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
      close(process);
    }
  }

  private static void close(Optional<FileChannel> channel) {
    if (channel.isPresent()) {
      try {
        channel.get().close();
      } catch (IOException ignored) {
        // It was only read from.
      }
    }
  }
}
