package org.dcmigrate.conformance.adapter;

import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.dcmigrate.conformance.v1.AdapterRequest;
import org.dcmigrate.conformance.v1.AdapterResponse;
import org.dcmigrate.conformance.v1.Claim;
import org.dcmigrate.conformance.v1.Description;
import org.dcmigrate.conformance.v1.Done;
import org.dcmigrate.conformance.v1.InspectRequest;
import org.dcmigrate.conformance.v1.Memory;
import org.dcmigrate.conformance.v1.Operation;
import org.dcmigrate.conformance.v1.PrepareRequest;
import org.dcmigrate.conformance.v1.TlsFiles;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.transport.Security;
import org.dcmigrate.protocol.transport.TlsMaterial;
import org.dcmigrate.protocol.transport.Transport;
import org.dcmigrate.protocol.wire.Errors;
import org.dcmigrate.v1.CreateGuestRequest;
import org.dcmigrate.v1.GetPeerRequest;
import org.dcmigrate.v1.PeerServiceGrpc;
import org.dcmigrate.v1.PeerServiceGrpc.PeerServiceBlockingStub;
import org.dcmigrate.v1.WritePattern;

/**
 * The adapter of the reference peer: starts {@code bin/dcmd} as a process. Its synthetic guests
 * write by themselves only and are not paused, so it leaves WritePages and Pause out.
 */
public final class ReferenceAdapter implements AutoCloseable {
  private static final int LEVEL = 4;
  private static final int SILENCE_MS = 6000;
  private static final long DEADLINE_SECONDS = 10;
  private static final long ASK_AGAIN_MS = 20;
  private static final Duration STOP_PATIENCE = Duration.ofSeconds(20);
  private static final Duration START_PATIENCE = Duration.ofMinutes(4);

  private final Path program;
  private Optional<PrepareRequest> prepared = Optional.empty();
  private Optional<Process> process = Optional.empty();
  private Optional<ManagedChannel> channel = Optional.empty();

  /**
   * An adapter.
   *
   * @param home directory of the built tree
   */
  public ReferenceAdapter(Path home) {
    program = home.resolve("bin/dcmd");
  }

  /** Serves a suite until it closes the pipe. */
  public void serve(InputStream in, OutputStream out) throws IOException {
    AdapterLoop.run(in, out, this::handle);
  }

  private AdapterResponse handle(AdapterRequest request) throws DcmException, IOException {
    switch (request.getRequestCase()) {
      case DESCRIBE -> {
        return AdapterResponse.newBuilder().setDescription(description()).build();
      }
      case INSPECT -> {
        return AdapterResponse.newBuilder().setMemory(memory(request.getInspect())).build();
      }
      case PREPARE -> prepare(request.getPrepare());
      case START -> start();
      case CREATE_GUEST -> createGuest(request.getCreateGuest());
      case CRASH -> end(true);
      case STOP -> end(false);
      case WRITE_PAGES, PAUSE, REQUEST_NOT_SET ->
          throw new DcmException(
              Reason.GUEST_UNSUPPORTED, "this adapter has no " + request.getRequestCase());
    }
    return AdapterResponse.newBuilder().setDone(Done.getDefaultInstance()).build();
  }

  private static Description description() {
    Description.Builder description =
        Description.newBuilder()
            .setName("dcmd 0.1.0")
            .addAllCapabilities(
                List.of("contributor", "witness", "guest.synthetic", "compression.zstd"))
            .addAllOperations(
                List.of(
                    Operation.OPERATION_CREATE_GUEST,
                    Operation.OPERATION_INSPECT,
                    Operation.OPERATION_CRASH))
            // Synthetic guests are a part of dcmd.
            .setGuestsOutliveCrash(false)
            .setSilenceMs(SILENCE_MS);
    for (String role : List.of("source", "destination", "contributor", "witness")) {
      description.addClaims(Claim.newBuilder().setRole(role).setLevel(LEVEL));
    }
    return description.build();
  }

  private void prepare(PrepareRequest request) throws IOException {
    Files.writeString(config(request), yaml(request));
    prepared = Optional.of(request);
  }

  private static Path config(PrepareRequest request) {
    return Path.of(request.getDirectory()).resolve("dcmd.yaml");
  }

  private static String yaml(PrepareRequest request) {
    StringBuilder yaml = new StringBuilder();
    yaml.append("name: ").append(quoted(request.getName()));
    yaml.append("\nidentity: ").append(quoted(request.getIdentity()));
    yaml.append("\nlisten: ").append(quoted(request.getListen()));
    yaml.append("\nstateDirectory: state\nrunDirectory: run\n");
    yaml.append(request.hasTls() ? tls(request.getTls()) : "plaintextOnLoopback: true\n");
    yaml.append("peers:\n");
    request
        .getPeersList()
        .forEach(
            peer ->
                yaml.append(
                    "  - {name: %s, endpoint: %s, identity: %s}\n"
                        .formatted(
                            quoted(peer.getName()),
                            quoted(peer.getEndpoint()),
                            quoted(peer.getIdentity()))));
    yaml.append("operators:\n");
    request
        .getOperatorsList()
        .forEach(each -> yaml.append("  - ").append(quoted(each.getIdentity())).append('\n'));
    // Shorter than by default, so that losses are found out within the time of a case.
    return yaml.append("limits: {migrations: 64}\n")
        .append("timeouts: {lease: 10s, open: 5s, contributorSilence: 3s,")
        .append(" destinationSilence: 4s, sendStall: 5s, switchover: 15s}\n")
        .toString();
  }

  private static String tls(TlsFiles files) {
    return "tls: {ca: %s, certificate: %s, key: %s}\n"
        .formatted(quoted(files.getCa()), quoted(files.getCertificate()), quoted(files.getKey()));
  }

  private static String quoted(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }

  private void start() throws DcmException, IOException {
    PrepareRequest request = ready();
    if (process.isPresent()) {
      throw new DcmException(Reason.STATE_CONFLICT, "the peer runs already");
    }
    process =
        Optional.of(
            new ProcessBuilder(program.toString(), "--config", config(request).toString())
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(
                    ProcessBuilder.Redirect.appendTo(
                        Path.of(request.getDirectory()).resolve("dcmd.log").toFile()))
                .start());
    channel = Optional.of(operator(request));
    awaitServing();
  }

  private static ManagedChannel operator(PrepareRequest request) throws DcmException {
    TlsFiles files = request.getOperatorTls();
    Security security =
        request.hasTls()
            ? new Security.MutualTls(
                TlsMaterial.load(
                    Path.of(files.getCa()),
                    Path.of(files.getCertificate()),
                    Path.of(files.getKey())))
            : new Security.PlaintextLoopback(PeerId.parse(request.getOperators(0).getIdentity()));
    return Transport.channel(request.getListen(), security, PeerId.parse(request.getIdentity()));
  }

  private void awaitServing() throws DcmException {
    long deadlineNs = System.nanoTime() + START_PATIENCE.toNanos();
    while (true) {
      try {
        var _ = service(DEADLINE_SECONDS).getPeer(GetPeerRequest.getDefaultInstance());
        return;
      } catch (StatusRuntimeException notYet) {
        if (hasEnded(process.orElseThrow()) || System.nanoTime() > deadlineNs) {
          end(true);
          throw new DcmException(
              Reason.PEER_NOT_SERVING,
              "dcmd did not start; see dcmd.log in " + ready().getDirectory(),
              notYet);
        }
        // By itself the channel would try again after a second only.
        channel.orElseThrow().resetConnectBackoff();
      }
    }
  }

  /** Waits a moment for it, so that asking again and again does not slow down what is awaited. */
  private static boolean hasEnded(Process running) {
    try {
      return running.waitFor(ASK_AGAIN_MS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      return true;
    }
  }

  private PeerServiceBlockingStub service(long seconds) throws DcmException {
    if (channel.isEmpty()) {
      throw new DcmException(Reason.STATE_CONFLICT, "the peer does not run");
    }
    return PeerServiceGrpc.newBlockingStub(channel.get())
        .withDeadlineAfter(seconds, TimeUnit.SECONDS);
  }

  private void createGuest(org.dcmigrate.conformance.v1.CreateGuestRequest request)
      throws DcmException {
    try {
      var _ =
          service(DEADLINE_SECONDS)
              .createGuest(
                  CreateGuestRequest.newBuilder()
                      .setName(request.getName())
                      .setMemoryBytes(request.getMemoryBytes())
                      .setSeed(request.getSeed())
                      .setWritesPerSecond(request.getWritesPerSecond())
                      .setPattern(WritePattern.WRITE_PATTERN_UNIFORM)
                      .build());
    } catch (StatusRuntimeException refused) {
      throw Errors.fromStatus(refused);
    }
  }

  /** The memory files of a guest lie in its home, one for each block. */
  private Memory memory(InspectRequest request) throws DcmException, IOException {
    String home =
        request.getMigrationId().isEmpty()
            ? "guest-" + request.getGuest() + "-"
            : request.getMigrationId();
    Memory.Builder memory = Memory.newBuilder();
    Path run = Path.of(ready().getDirectory()).resolve("run");
    try (Stream<Path> homes = Files.list(run)) {
      Optional<Path> found =
          homes.filter(each -> each.getFileName().toString().startsWith(home)).findFirst();
      if (found.isEmpty()) {
        throw new DcmException(Reason.GUEST_UNKNOWN, "there is no home of such a guest");
      }
      for (int block = 0; Files.exists(found.get().resolve("ram-" + block)); block++) {
        memory.addBlocks(
            ByteString.copyFrom(Files.readAllBytes(found.get().resolve("ram-" + block))));
      }
    }
    return memory.build();
  }

  private void end(boolean crash) {
    channel.ifPresent(ManagedChannel::shutdownNow);
    channel = Optional.empty();
    process.ifPresent(running -> end(running, crash));
    process = Optional.empty();
  }

  private static void end(Process running, boolean crash) {
    try {
      if (crash) {
        running.destroyForcibly().waitFor();
      } else {
        running.destroy();
        if (!running.waitFor(STOP_PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
          running.destroyForcibly().waitFor();
        }
      }
    } catch (InterruptedException interrupted) {
      running.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  private PrepareRequest ready() throws DcmException {
    if (prepared.isEmpty()) {
      throw new DcmException(Reason.STATE_CONFLICT, "Prepare comes first");
    }
    return prepared.get();
  }

  /** Stops the peer. */
  @Override
  public void close() {
    end(false);
  }
}
