package org.dcmigrate.conformance.play;

import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.ServerInterceptor;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.transport.Security;
import org.dcmigrate.protocol.transport.Transport;
import org.dcmigrate.v1.AttemptRef;
import org.dcmigrate.v1.GetPeerRequest;
import org.dcmigrate.v1.GetPeerResponse;
import org.dcmigrate.v1.OpenRequest;
import org.dcmigrate.v1.PeerServiceGrpc;

/**
 * A peer that the tester plays to the target. To a source under test: destination, contributor and
 * witness. In the tester's own migrations: source, witness, and the destination that contributors
 * relay to. Does everything right, unless a case writes something else into its {@link Script}.
 */
public final class PlayedPeer implements AutoCloseable {
  // What a source sends ahead has to end somewhere, so that a case can stop it in the middle.
  private static final int WINDOW_BYTES = 64 << 10;
  private static final long END_SECONDS = 5;

  private final Persona persona;
  private final Course course;
  private final Emissions emissions;
  private final Script script = new Script();
  private final RelayGate relayGate = new RelayGate();
  private final Votes votes = new Votes();
  private final RelayTarget relays = new RelayTarget();
  private final Function<PeerId, Optional<PlayedPeer>> others;
  private final Gate gate;
  private final ServerInterceptor outermost;
  private final PlayedVoter voter;
  private final Map<String, PlayedHolder> holders = new ConcurrentHashMap<>();
  private final Map<String, PeerId> destinations = new ConcurrentHashMap<>();
  private Optional<Server> server = Optional.empty();
  private volatile ByteString deviceState = ByteString.EMPTY;
  private boolean replaced;

  /**
   * Who a played peer is.
   *
   * @param name by which the target's operators speak of it
   * @param listen the address that the target has configured for it, where it can be reached
   */
  public record Persona(String name, Security security, Optional<String> listen) {
    /** Who it is. */
    PeerId identity() {
      return security.identity();
    }

    /** The same without TLS. */
    Persona plaintext() {
      return new Persona(name, new Security.PlaintextLoopback(identity()), listen);
    }
  }

  PlayedPeer(
      Persona persona,
      Course course,
      Emissions emissions,
      ManagedChannel target,
      Function<PeerId, Optional<PlayedPeer>> others,
      ServerInterceptor outermost) {
    this.persona = persona;
    this.course = course;
    this.emissions = emissions;
    this.others = others;
    this.outermost = outermost;
    gate = new Gate(persona.name(), course, script);
    voter = new PlayedVoter(this, votes, () -> target);
  }

  // ---- For cases.

  /** By which name the target's operators speak of it. */
  public String name() {
    return persona.name();
  }

  /** Who it is. */
  public PeerId identity() {
    return persona.identity();
  }

  /** What it is to do otherwise than right. */
  public Script script() {
    return script;
  }

  /** Where its relays can be stopped. */
  public RelayGate relayGate() {
    return relayGate;
  }

  /** Its votes in the tester's own migrations. */
  public Votes votes() {
    return votes;
  }

  /** It as the destination of relays in the tester's own migrations. */
  public RelayTarget relays() {
    return relays;
  }

  /** What it holds of a migration; only where it was opened. */
  public PlayedHolder holder(String migrationId) {
    return known(migrationId)
        .orElseThrow(
            () -> new CheckFailed(name(), "an Open of the migration", "no Open that was accepted"));
  }

  /** What it holds of a migration, if it was opened. */
  public Optional<PlayedHolder> known(String migrationId) {
    return Optional.ofNullable(holders.get(migrationId));
  }

  /** Whether it votes on an attempt. */
  public boolean hasSeat(String migrationId, long epoch) {
    return voter.hasSeat(
        AttemptRef.newBuilder().setMigrationId(migrationId).setEpoch(epoch).build());
  }

  /** Ends at once, with all its connections; what it holds is lost, as after a crash. */
  public void die() {
    vanish();
    holders.values().forEach(PlayedHolder::crash);
  }

  /** Ends at once, with all its connections; what it holds stays. */
  public void vanish() {
    course.note(name(), "is gone");
    stopListening();
  }

  /** Listens again. */
  public void rise() {
    if (server.isEmpty()) {
      rise(persona.security());
    }
  }

  /** Somebody else listens in its place, with another identity, for the rest of the case. */
  public void replacedBy(PlayedPeer impostor) {
    vanish();
    replaced = true;
    rise(impostor.persona.security());
  }

  private void rise(Security security) {
    course.note(name(), "listens as " + security.identity());
    try {
      listen(security);
    } catch (DcmException failed) {
      throw new IllegalStateException(failed.sentence(), failed);
    }
  }

  // ---- For the stage.

  void listen() throws DcmException {
    listen(persona.security());
  }

  private void listen(Security security) throws DcmException {
    String address = persona.listen().orElseThrow();
    try {
      PlayedDestination destination = new PlayedDestination(this);
      server =
          Optional.of(
              Transport.server(address, security)
                  .flowControlWindow(WINDOW_BYTES)
                  // What comes over one connection is noted in the order in which it came.
                  .directExecutor()
                  .addService(destination)
                  .addService(relays.before(destination.transfers()))
                  .addService(new PlayedContributor(this))
                  .addService(voter)
                  .addService(new Greeting())
                  .intercept(gate)
                  .intercept(outermost)
                  .build()
                  .start());
    } catch (IOException failed) {
      throw new DcmException(
          Reason.INTERNAL,
          "cannot listen on %s: %s".formatted(address, failed.getMessage()),
          failed);
    }
  }

  /** Does what is right from now on. */
  void calm() {
    script.clear();
    relayGate.letGo();
    if (replaced) {
      replaced = false;
      stopListening();
    }
    rise();
  }

  /** Begins anew, for the next case. */
  void reset() {
    calm();
    holders.clear();
    destinations.clear();
    voter.clear();
    deviceState = ByteString.EMPTY;
  }

  // ---- For its services.

  PlayedVoter voter() {
    return voter;
  }

  Emissions emissions() {
    return emissions;
  }

  Optional<PlayedPeer> other(PeerId identity) {
    return others.apply(identity);
  }

  void deviceState(ByteString piece) {
    deviceState = deviceState.concat(piece);
  }

  boolean knows(AttemptRef attempt) {
    return holders.containsKey(attempt.getMigrationId());
  }

  PlayedHolder holderFor(OpenRequest first) throws DcmException {
    String id = first.getAttempt().getMigrationId();
    PlayedHolder fresh = new PlayedHolder(first);
    return Optional.ofNullable(holders.putIfAbsent(id, fresh)).orElse(fresh);
  }

  PlayedHolder holder(AttemptRef attempt) throws DcmException {
    PlayedHolder holder = holders.get(attempt.getMigrationId());
    if (holder == null) {
      throw new DcmException(Reason.MIGRATION_UNKNOWN, "this migration was never opened here");
    }
    return holder;
  }

  void forget(AttemptRef attempt) throws DcmException {
    if (knows(attempt)) {
      holder(attempt).forget(attempt);
    }
  }

  void relaysTo(String migrationId, PeerId destination) {
    destinations.put(migrationId, destination);
  }

  PlayedPeer destinationOf(String migrationId) throws DcmException {
    return Optional.ofNullable(destinations.get(migrationId))
        .flatMap(this::other)
        .orElseThrow(() -> new DcmException(Reason.PEER_UNKNOWN, "nobody to relay to"));
  }

  @Override
  public void close() {
    script.clear();
    relayGate.letGo();
    stopListening();
  }

  /** The port is free when this returns. */
  private void stopListening() {
    server.ifPresent(
        listening -> {
          try {
            var _ = listening.shutdownNow().awaitTermination(END_SECONDS, TimeUnit.SECONDS);
          } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
          }
        });
    server = Optional.empty();
  }

  private final class Greeting extends PeerServiceGrpc.PeerServiceImplBase {
    @Override
    public void getPeer(GetPeerRequest request, StreamObserver<GetPeerResponse> out) {
      Served.one(
          out,
          () ->
              GetPeerResponse.newBuilder()
                  .setName(name())
                  .setIdentity(identity().uri())
                  .setImplementation("dcm-conformance")
                  .addVersions(1)
                  .addCapabilities("contributor")
                  .addCapabilities("witness")
                  .addCapabilities("guest.synthetic")
                  .build());
    }
  }
}
