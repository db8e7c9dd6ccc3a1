package org.dcmigrate.peer.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.dcmigrate.peer.memory.GuestHome;
import org.dcmigrate.peer.memory.PageStore;
import org.dcmigrate.protocol.Attempt;
import org.dcmigrate.protocol.Extent;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.MigrationId;
import org.dcmigrate.protocol.RamBlock;
import org.dcmigrate.protocol.pages.PageDigest;
import org.dcmigrate.protocol.wire.TransferMessage.Chunk;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Pages over a real connection, from mapped memory to mapped memory. */
@Timeout(120)
class LoopbackTransferTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Attempt ATTEMPT = new Attempt(new MigrationId(new UUID(1, 1)), 1);
  private static final long MEMORY_BYTES = 192L << 20;
  private static final Geometry GEOMETRY = new Geometry(List.of(new RamBlock("ram", MEMORY_BYTES)));

  @TempDir Path directory;

  @Test
  void memoryArrivesWithoutGrowingTheHeap() throws Exception {
    ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    try (GuestHome from = GuestHome.open(directory.resolve("from"), GEOMETRY);
        PageStore held = new PageStore(from, PageDigest.Algorithm.CRC64);
        GuestHome to = GuestHome.open(directory.resolve("to"), GEOMETRY);
        PageStore store = new PageStore(to, PageDigest.Algorithm.CRC64)) {
      fill(held);
      Server server = server(store, timer);
      ManagedChannel channel =
          NettyChannelBuilder.forAddress(
                  new InetSocketAddress(InetAddress.getLoopbackAddress(), server.getPort()))
              .usePlaintext()
              .disableRetry()
              .build();
      try {
        long before = usedHeap();
        long highest = 0;
        EgressFlow unlimited = Flows.unlimited();
        try (TransferSender sender = TransferSender.open(channel, ATTEMPT, unlimited, PATIENCE)) {
          long pages = GEOMETRY.totalPages();
          for (long page = 0; page < pages; page += 256) {
            for (Chunk chunk : held.chunks(new Extent(0, page, Math.min(256, pages - page)))) {
              sender.send(chunk);
            }
            if (page % 4096 == 0) {
              highest = Math.max(highest, usedHeap());
            }
          }
          sender.finish(PATIENCE);
        }
        assertThat(store.missingPages()).isZero();
        assertThat(store.memoryDigest()).isEqualTo(held.memoryDigest());
        assertThat(to.memory(0).mismatch(from.memory(0))).isEqualTo(-1);
        assertThat(highest - before).isLessThan(MEMORY_BYTES / 4);
      } finally {
        channel.shutdownNow();
        server.shutdownNow().awaitTermination();
      }
    } finally {
      timer.shutdownNow();
    }
  }

  private static Server server(PageStore store, ScheduledExecutorService timer) throws Exception {
    PageSink sink =
        chunk -> {
          PageStore.Applied applied = store.apply(chunk);
          assertThat(applied.duplicatePages()).isZero();
        };
    return NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
        .directExecutor()
        .addService(
            TransferReceiver.service(
                attempt -> sink, task -> Thread.ofVirtual().start(task), timer))
        .build()
        .start();
  }

  /** Content and zeros by turns, in runs of different length. */
  private static void fill(PageStore store) throws Exception {
    long pages = GEOMETRY.totalPages();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment contents = arena.allocate(256 * 4096, 8);
      int generation = 1;
      for (long page = 0; page < pages; generation++) {
        long count = Math.min(1 + generation * 37L % 256, pages - page);
        if (generation % 5 == 0) {
          store.apply(Chunk.zero(0, page, count, generation));
        } else {
          for (long at = 0; at < count * 4096; at += 8) {
            contents.set(ValueLayout.JAVA_LONG, at, (page * 4096 + at) * 0x9E37_79B9_7F4A_7C15L);
          }
          store.apply(Chunk.of(0, page, generation, contents.asSlice(0, count * 4096)));
        }
        page += count;
      }
    }
  }

  private static long usedHeap() {
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }
}
