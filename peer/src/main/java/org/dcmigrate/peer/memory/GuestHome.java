package org.dcmigrate.peer.memory;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.RamBlock;
import org.dcmigrate.protocol.Reason;

/**
 * The directory that a guest lives in at this peer: its memory, one sparse file per RAM block,
 * mapped here and, for QEMU, there too; and whatever else its adapter puts beside. Only this peer's
 * user may enter it.
 *
 * <pre>
 * DIRECTORY/ram-0   memory of block 0, exactly the block's size
 * DIRECTORY/ram-1   ...
 * </pre>
 *
 * <p>The files never shrink while they are mapped: a truncated mapping would be fatal.
 */
public final class GuestHome implements AutoCloseable {
  private final Path directory;
  private final Geometry geometry;
  private final Arena arena;
  private final List<MemorySegment> segments;
  private final List<FileChannel> channels;

  private GuestHome(
      Path directory,
      Geometry geometry,
      Arena arena,
      List<MemorySegment> segments,
      List<FileChannel> channels) {
    this.directory = directory;
    this.geometry = geometry;
    this.arena = arena;
    this.segments = List.copyOf(segments);
    this.channels = List.copyOf(channels);
  }

  /**
   * Makes the directory and its memory files where they do not exist, and maps them.
   *
   * @throws DcmException LIMIT_EXCEEDED when there is not enough space
   */
  @SuppressWarnings("MustBeClosedChecker") // the home closes its mappings
  public static GuestHome open(Path directory, Geometry geometry) throws DcmException {
    Arena arena = Arena.ofShared();
    List<MemorySegment> segments = new ArrayList<>();
    List<FileChannel> channels = new ArrayList<>();
    try {
      createDirectories(directory);
      for (int block = 0; block < geometry.blocks().size(); block++) {
        FileChannel channel = open(memoryFile(directory, block));
        channels.add(channel);
        segments.add(map(channel, geometry.blocks().get(block), arena));
      }
      return new GuestHome(directory, geometry, arena, segments, channels);
    } catch (IOException failed) {
      channels.forEach(GuestHome::close);
      arena.close();
      throw new DcmException(
          Reason.LIMIT_EXCEEDED,
          "memory files for %d bytes cannot be made in %s: %s"
              .formatted(geometry.totalBytes(), directory, failed),
          failed);
    }
  }

  /**
   * Makes a directory that only its owner may enter, whatever the process's umask; one that exists
   * stays as it is.
   */
  public static void createDirectories(Path directory) throws IOException {
    Files.createDirectories(directory, permissions("rwx------"));
  }

  private static FileAttribute<Set<PosixFilePermission>> permissions(String text) {
    return PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(text));
  }

  private static FileChannel open(Path file) throws IOException {
    return FileChannel.open(
        file,
        Set.of(
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE,
            StandardOpenOption.SPARSE),
        permissions("rw-------"));
  }

  private static MemorySegment map(FileChannel channel, RamBlock block, Arena arena)
      throws IOException {
    // Mapping beyond the end extends the file; it is sparse until pages arrive.
    return channel.map(FileChannel.MapMode.READ_WRITE, 0, block.sizeBytes(), arena);
  }

  private static void close(FileChannel channel) {
    try {
      channel.close();
    } catch (IOException ignored) {
      // Everything written is in the file, which is no matter of the disk's.
    }
  }

  /** The directory. */
  public Path directory() {
    return directory;
  }

  /** The guest's memory layout. */
  public Geometry geometry() {
    return geometry;
  }

  /** The memory file of a block. */
  public Path memoryFile(int block) {
    return memoryFile(directory, block);
  }

  /** The mapped memory of a block. Not to be used after {@link #close}. */
  public MemorySegment memory(int block) {
    return segments.get(block);
  }

  /** Writes into the memory of a block what remains in buffers, one after the other. */
  void write(int block, long offset, ByteBuffer[] contents) throws IOException {
    long left = 0;
    for (ByteBuffer each : contents) {
      left += each.remaining();
    }
    FileChannel channel = channels.get(block);
    // Many buffers are only written at the channel's position. A file takes one writer at a time
    // anyway.
    synchronized (channel) {
      channel.position(offset);
      while (left > 0) {
        left -= channel.write(contents);
      }
    }
  }

  /** Unmaps the memory; the files stay. */
  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
    channels.forEach(GuestHome::close);
  }

  /** Deletes a home's directory with all that is in it; succeeds when there is none. */
  public static void delete(Path directory) throws IOException {
    if (!Files.exists(directory)) {
      return;
    }
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }

  private static Path memoryFile(Path directory, int block) {
    return directory.resolve("ram-" + block);
  }
}
