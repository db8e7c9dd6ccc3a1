package org.dcmigrate.peer.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.dcmigrate.protocol.Attempt;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.MigrationId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.wire.Errors;
import org.dcmigrate.protocol.wire.TransferMessage.Chunk;
import org.dcmigrate.v1.AttemptRef;
import org.dcmigrate.v1.PageChunk;
import org.dcmigrate.v1.TransferOpen;
import org.dcmigrate.v1.TransferRequest;
import org.dcmigrate.v1.TransferResponse;
import org.dcmigrate.v1.TransferServiceGrpc;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Against peers made of the generated classes, honest and not. */
@Timeout(60)
class ForeignPeersTest {
  private static final Attempt ATTEMPT = new Attempt(new MigrationId(new UUID(7, 8)), 2);
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final Duration NO_PATIENCE = Duration.ofMillis(30);

  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private final EgressFlow unlimited = Flows.unlimited();
  private Optional<Server> server = Optional.empty();
  private Optional<ManagedChannel> channel = Optional.empty();

  @AfterEach
  void stop() {
    channel.ifPresent(ManagedChannel::shutdownNow);
    server.ifPresent(Server::shutdownNow);
    timer.shutdownNow();
  }

  @Test
  void aDestinationThatAcknowledgesNothingIsLost() throws Exception {
    serve(
        InProcessServerBuilder.forName(name())
            .addService(
                new TransferServiceGrpc.TransferServiceImplBase() {
                  @Override
                  public StreamObserver<TransferRequest> transfer(
                      StreamObserver<TransferResponse> answers) {
                    return new Ignoring();
                  }
                }));
    try (TransferSender sender = sender()) {
      sender.send(Chunk.zero(0, 0, 1, 1));
      fails(
          () -> sender.awaitAcknowledged(NO_PATIENCE),
          Reason.DEADLINE_PASSED,
          "acknowledged 0 of 1 chunks");
      fails(() -> sender.finish(NO_PATIENCE), Reason.DEADLINE_PASSED, "did not end");
    }
  }

  @Test
  void generatedSendersAreServedAndTheirBreachesRefused() throws Exception {
    serve(attempt -> chunk -> {});
    TransferRequest open = open();
    TransferRequest chunk = chunk(1);
    assertThat(talk(open, chunk, chunk)).isEqualTo(2);
    assertThat(talk(open)).isZero();
    assertThat(breach(chunk)).isEqualTo(Reason.FIELD_INVALID);
    assertThat(breach(open, open)).isEqualTo(Reason.FIELD_INVALID);
    assertThat(breach()).isEqualTo(Reason.FIELD_INVALID);
    assertThat(breach(open, chunk(0))).isEqualTo(Reason.GENERATION_INVALID);
    assertThat(breach(open, TransferRequest.getDefaultInstance())).isEqualTo(Reason.FIELD_INVALID);
  }

  @Test
  void impossibleAcknowledgementsEndTheTransfer() throws Exception {
    serve(
        InProcessServerBuilder.forName(name())
            .addService(
                new TransferServiceGrpc.TransferServiceImplBase() {
                  @Override
                  public StreamObserver<TransferRequest> transfer(
                      StreamObserver<TransferResponse> answers) {
                    answers.onNext(TransferResponse.newBuilder().setAcknowledgedChunks(-1).build());
                    return new Ignoring();
                  }
                }));
    try (TransferSender sender = sender()) {
      fails(() -> sender.finish(PATIENCE), Reason.FIELD_INVALID, "18446744073709551615");
    }
  }

  @Test
  void anEarlyEndIsAFailure() throws Exception {
    serve(
        InProcessServerBuilder.forName(name())
            .addService(
                new TransferServiceGrpc.TransferServiceImplBase() {
                  @Override
                  public StreamObserver<TransferRequest> transfer(
                      StreamObserver<TransferResponse> answers) {
                    answers.onCompleted();
                    return new Ignoring();
                  }
                }));
    try (TransferSender sender = sender()) {
      assertThatExceptionOfType(DcmException.class)
          .isThrownBy(
              () -> {
                sender.send(Chunk.zero(0, 0, 1, 1));
                sender.finish(PATIENCE);
              })
          .matches(why -> why.reason() == Reason.INTERNAL);
    }
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

  private String name() {
    return "transfer-" + System.identityHashCode(this);
  }

  private TransferSender sender() {
    return TransferSender.open(channel.orElseThrow(), ATTEMPT, unlimited, PATIENCE);
  }

  private void serve(TransferReceiver.Admission admission) throws IOException {
    serve(
        InProcessServerBuilder.forName(name())
            .directExecutor()
            .addService(
                TransferReceiver.service(
                    admission, task -> Thread.ofVirtual().start(task), timer)));
  }

  private void serve(InProcessServerBuilder builder) throws IOException {
    server = Optional.of(builder.build().start());
    channel = Optional.of(InProcessChannelBuilder.forName(name()).build());
  }

  private static TransferRequest open() {
    return TransferRequest.newBuilder()
        .setOpen(
            TransferOpen.newBuilder()
                .setAttempt(
                    AttemptRef.newBuilder()
                        .setMigrationId(ATTEMPT.migration().toString())
                        .setEpoch(2)))
        .build();
  }

  private static TransferRequest chunk(int generation) {
    return TransferRequest.newBuilder()
        .setChunk(PageChunk.newBuilder().setPageCount(3).setGeneration(generation))
        .build();
  }

  private Reason breach(TransferRequest... requests) throws Exception {
    try {
      throw new AssertionError("the transfer ended well, with acknowledgement " + talk(requests));
    } catch (ExecutionException refused) {
      return Errors.fromStatus(refused.getCause() == null ? refused : refused.getCause()).reason();
    }
  }

  /** Sends as any other implementation would; gives the last acknowledgement. */
  private long talk(TransferRequest... requests) throws Exception {
    CompletableFuture<Long> end = new CompletableFuture<>();
    StreamObserver<TransferRequest> out =
        TransferServiceGrpc.newStub(channel.orElseThrow()).transfer(new Listening(end));
    for (TransferRequest request : requests) {
      out.onNext(request);
    }
    out.onCompleted();
    return end.get();
  }

  private static final class Listening implements StreamObserver<TransferResponse> {
    private final CompletableFuture<Long> end;
    private long acknowledged;

    Listening(CompletableFuture<Long> end) {
      this.end = end;
    }

    @Override
    public void onNext(TransferResponse response) {
      acknowledged = response.getAcknowledgedChunks();
    }

    @Override
    public void onError(@Nullable Throwable error) {
      end.completeExceptionally(error == null ? new IllegalStateException() : error);
    }

    @Override
    public void onCompleted() {
      end.complete(acknowledged);
    }
  }

  private static final class Ignoring implements StreamObserver<TransferRequest> {
    @Override
    public void onNext(TransferRequest request) {}

    @Override
    public void onError(@Nullable Throwable error) {}

    @Override
    public void onCompleted() {}
  }
}
