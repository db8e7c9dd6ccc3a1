package org.dcmigrate.peer.transfer;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.dcmigrate.protocol.Attempt;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.MigrationId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.wire.Compression;
import org.dcmigrate.protocol.wire.TransferMessage.Chunk;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class TransferTest {
  private static final Attempt ATTEMPT = new Attempt(new MigrationId(new UUID(7, 8)), 2);
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final Duration NO_PATIENCE = Duration.ofMillis(30);

  private static final byte[] TWO_PAGES =
      "page ".repeat(2000).substring(0, 8192).getBytes(US_ASCII);

  private final CountDownLatch ended = new CountDownLatch(1);
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private final EgressFlow unlimited = Flows.unlimited();
  private final AtomicLong writtenPages = new AtomicLong();
  private Optional<Server> server = Optional.empty();
  private Optional<ManagedChannel> channel = Optional.empty();

  @AfterEach
  void stop() {
    ended.countDown();
    channel.ifPresent(ManagedChannel::shutdownNow);
    server.ifPresent(Server::shutdownNow);
    timer.shutdownNow();
  }

  @Test
  void everyChunkIsAcknowledgedWhetherTheSenderPausesOrEnds() throws Exception {
    serve(attempt -> this::count);
    try (TransferSender sender = sender()) {
      for (int round = 1; round <= 3; round++) {
        for (int i = 0; i < 7; i++) {
          sender.send(Chunk.zero(0, i, 10, 1));
        }
        sender.awaitAcknowledged(PATIENCE);
        assertThat(sender.acknowledgedChunks()).isEqualTo(7L * round);
        assertThat(writtenPages).hasValue(70L * round);
      }
      sender.send(Chunk.of(0, 0, 2, MemorySegment.ofArray(new byte[8192])));
      sender.finish(PATIENCE);
      assertThat(sender.sentChunks()).isEqualTo(22);
      assertThat(sender.sentPages()).isEqualTo(212);
      assertThat(sender.payloadBytes()).isEqualTo(8192);
    }
  }

  @Test
  void anEmptyTransferFinishes() throws Exception {
    serve(attempt -> this::count);
    try (TransferSender sender = sender()) {
      sender.awaitAcknowledged(PATIENCE);
      sender.finish(PATIENCE);
    }
  }

  @Test
  void whoIsNotAdmittedLearnsWhy() throws Exception {
    serve(
        attempt -> {
          assertThat(attempt).isEqualTo(ATTEMPT);
          throw new DcmException(Reason.EPOCH_STALE, "epoch 3 is current");
        });
    try (TransferSender sender = sender()) {
      fails(() -> sender.finish(PATIENCE), Reason.EPOCH_STALE, "epoch 3 is current");
      fails(() -> sender.send(Chunk.zero(0, 0, 1, 1)), Reason.EPOCH_STALE, "epoch 3 is current");
    }
  }

  @Test
  void aRefusedChunkEndsTheTransferWithItsReason() throws Exception {
    serve(
        attempt ->
            chunk -> {
              if (chunk.generation() == 5) {
                throw new DcmException(Reason.GENERATION_CONFLICT, "two contents");
              }
            });
    try (TransferSender sender = sender()) {
      sender.send(Chunk.zero(0, 0, 1, 4));
      sender.awaitAcknowledged(PATIENCE);
      sender.send(Chunk.zero(0, 0, 1, 5));
      fails(() -> sender.awaitAcknowledged(PATIENCE), Reason.GENERATION_CONFLICT, "two contents");
      fails(() -> sender.finish(PATIENCE), Reason.GENERATION_CONFLICT, "two contents");
      assertThat(sender.acknowledgedChunks()).isEqualTo(1);
    }
  }

  @Test
  void aDefectOfTheSinkIsInternal() throws Exception {
    serve(
        attempt ->
            chunk -> {
              throw new IllegalStateException("unmapped");
            });
    try (TransferSender sender = sender()) {
      sender.send(Chunk.zero(0, 0, 1, 1));
      fails(() -> sender.awaitAcknowledged(PATIENCE), Reason.INTERNAL, "unmapped");
    }
  }

  @Test
  void aSenderIsHeldBackAndCanBeCancelled() throws Exception {
    serveTakingNothing();
    try (TransferSender sender = sender()) {
      CompletableFuture<DcmException> failed = new CompletableFuture<>();
      Thread sending =
          Thread.ofPlatform()
              .daemon()
              .start(
                  () -> {
                    try {
                      while (true) {
                        sender.send(large());
                      }
                    } catch (DcmException why) {
                      failed.complete(why);
                    }
                  });
      awaitWaiting(sending);
      assertThat(sender.sentChunks()).isLessThan(10);
      sender.cancel();
      assertThat(failed.get().reason()).isEqualTo(Reason.ATTEMPT_DISCARDED);
    }
  }

  @Test
  void aSenderThatIsCalledDoesNotWaitForTheDestination() throws Exception {
    serveTakingNothing();
    AtomicBoolean called = new AtomicBoolean();
    try (TransferSender sender = sender()) {
      CompletableFuture<Long> sent = new CompletableFuture<>();
      Thread sending =
          Thread.ofPlatform()
              .daemon()
              .start(
                  () -> {
                    try {
                      while (sender.sendUnless(called::get, large()).isPresent()) {}
                      sent.complete(sender.sentChunks());
                    } catch (DcmException failed) {
                      sent.completeExceptionally(failed);
                    }
                  });
      awaitWaiting(sending);
      long before = sender.sentChunks();
      called.set(true);
      sender.wake();
      assertThat(sent.get()).isEqualTo(before);
    }
  }

  @Test
  void aDestinationThatTakesNothingIsLost() throws Exception {
    serveTakingNothing();
    try (TransferSender sender =
        TransferSender.open(channel.orElseThrow(), ATTEMPT, unlimited, NO_PATIENCE)) {
      assertThatExceptionOfType(DcmException.class)
          .isThrownBy(
              () -> {
                while (true) {
                  sender.send(large());
                }
              })
          .matches(
              why ->
                  why.reason() == Reason.DEADLINE_PASSED
                      || why.reason() == Reason.PEER_UNREACHABLE);
    }
  }

  @Test
  void nobodyThereIsUnreachable() {
    channel = Optional.of(InProcessChannelBuilder.forName("nobody").build());
    try (TransferSender sender = sender()) {
      fails(() -> sender.finish(PATIENCE), Reason.PEER_UNREACHABLE, "UNAVAILABLE");
    }
  }

  private static Chunk compressed() {
    Chunk packed = new ChunkDeflater().deflate(Chunk.of(0, 0, 1, MemorySegment.ofArray(TWO_PAGES)));
    assertThat(packed.compression()).isEqualTo(Compression.ZSTD);
    return packed;
  }

  @Test
  void aCompressedChunkArrivesAsItsPages() throws Exception {
    AtomicReference<byte[]> arrived = new AtomicReference<>(new byte[0]);
    serve(
        attempt ->
            chunk -> {
              byte[] bytes = new byte[(int) chunk.payloadBytes()];
              chunk.payload().reader().read(bytes, 0, bytes.length);
              arrived.set(bytes);
            },
        CompressionMode.AUTO);
    try (TransferSender sender = sender()) {
      long wireBytes = sender.send(compressed());
      assertThat(wireBytes).isLessThan(200);
      sender.finish(PATIENCE);
      assertThat(sender.payloadBytes()).isEqualTo(wireBytes);
      // Progress is of pages, whatever they took on the wire.
      assertThat(sender.acknowledgedBytes()).isEqualTo(8192);
      assertThat(arrived.get()).isEqualTo(TWO_PAGES);
    }
  }

  @Test
  void whoTakesNothingCompressedRefusesIt() throws Exception {
    serve(attempt -> this::count, CompressionMode.OFF);
    try (TransferSender sender = sender()) {
      sender.send(compressed());
      fails(() -> sender.finish(PATIENCE), Reason.CAPABILITY_MISSING, "compressed");
    }
    assertThat(writtenPages).hasValue(0);
  }

  private interface Action {
    void run() throws DcmException;
  }

  private static void fails(Action action, Reason reason, String sentence) {
    assertThatExceptionOfType(DcmException.class)
        .isThrownBy(action::run)
        .withMessageContaining(sentence)
        .matches(why -> why.reason() == reason, reason.name());
  }

  private void count(Chunk chunk) {
    writtenPages.addAndGet(chunk.pageCount());
  }

  private String name() {
    return "transfer-" + System.identityHashCode(this);
  }

  private TransferSender sender() {
    return TransferSender.open(channel.orElseThrow(), ATTEMPT, unlimited, PATIENCE);
  }

  private void serve(TransferReceiver.Admission admission) throws IOException {
    serve(admission, CompressionMode.OFF);
  }

  private void serve(TransferReceiver.Admission admission, CompressionMode compression)
      throws IOException {
    serve(
        InProcessServerBuilder.forName(name())
            .directExecutor()
            .addService(
                TransferReceiver.service(
                    admission, task -> Thread.ofVirtual().start(task), timer, compression)));
  }

  private void serve(InProcessServerBuilder builder) throws IOException {
    server = Optional.of(builder.build().start());
    channel = Optional.of(InProcessChannelBuilder.forName(name()).build());
  }

  private void serveTakingNothing() throws IOException {
    serve(
        attempt -> {
          try {
            ended.await();
          } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
          }
          throw new DcmException(Reason.ATTEMPT_DISCARDED, "over");
        });
  }

  private static Chunk large() {
    return Chunk.of(0, 0, 1, MemorySegment.ofArray(new byte[1 << 20]));
  }

  private static void awaitWaiting(Thread sending) {
    while (sending.getState() != Thread.State.TIMED_WAITING) {
      Thread.onSpinWait();
    }
  }
}
