package org.dcmigrate.conformance.play;

import io.grpc.Status;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.dcmigrate.conformance.adapter.Adapter;
import org.dcmigrate.conformance.v1.InspectRequest;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.v1.CancelMigrationRequest;
import org.dcmigrate.v1.CancelMigrationResponse;
import org.dcmigrate.v1.Choice;
import org.dcmigrate.v1.CreateGuestRequest;
import org.dcmigrate.v1.CreateGuestResponse;
import org.dcmigrate.v1.DeleteGuestRequest;
import org.dcmigrate.v1.GetGuestRequest;
import org.dcmigrate.v1.GetGuestResponse;
import org.dcmigrate.v1.GetMigrationRequest;
import org.dcmigrate.v1.GetMigrationResponse;
import org.dcmigrate.v1.GuestState;
import org.dcmigrate.v1.ListPeersRequest;
import org.dcmigrate.v1.ListPeersResponse;
import org.dcmigrate.v1.MigrateRequest;
import org.dcmigrate.v1.MigrateResponse;
import org.dcmigrate.v1.Migration;
import org.dcmigrate.v1.MigrationServiceGrpc;
import org.dcmigrate.v1.MigrationState;
import org.dcmigrate.v1.PeerServiceGrpc;
import org.dcmigrate.v1.RedirectRequest;
import org.dcmigrate.v1.RedirectResponse;
import org.dcmigrate.v1.ResolveMigrationRequest;
import org.dcmigrate.v1.WritePattern;

/** One migration of which the target is the source, and the guest that moves in it. */
public final class TargetMigration {
  /** Memory of the guests: more than a source can have under way to a peer that reads nothing. */
  public static final long MEMORY_BYTES = 8L << 20;

  private static final int NAME_DIGITS = 12;
  private static final long POLL_NS = TimeUnit.MILLISECONDS.toNanos(10);

  private final Trial trial;
  private final Stage stage;
  private final String guest;
  private Optional<String> id = Optional.empty();

  TargetMigration(Trial trial, Stage stage) {
    this(trial, stage, newName());
  }

  /** Of a guest that is there. */
  TargetMigration(Trial trial, Stage stage, String guest) {
    this.trial = trial;
    this.stage = stage;
    this.guest = guest;
  }

  private static String newName() {
    String random = UUID.randomUUID().toString();
    return "dcm-conformance-" + random.substring(random.length() - NAME_DIGITS);
  }

  /**
   * Waits until the target has found that all played peers listen again, where it tells: what it
   * asks of one of them before that fails at once.
   */
  void requirePeers() {
    Set<String> played =
        Stream.of(stage.first(), stage.second(), stage.third())
            .map(peer -> peer.identity().uri())
            .collect(Collectors.toSet());
    Expect.eventually(
        "ListPeers: all peers of the tester are reachable",
        patience(),
        () -> {
          Answer<ListPeersResponse> answer =
              quietly(PeerServiceGrpc.getListPeersMethod(), ListPeersRequest.getDefaultInstance());
          // How peers can be reached, a target need not tell.
          return answer.ending().status().getCode() == Status.Code.UNIMPLEMENTED
              || answer.messages().stream()
                  .flatMap(message -> message.getPeersList().stream())
                  .filter(ListPeersResponse.Peer::getReachable)
                  .map(ListPeersResponse.Peer::getIdentity)
                  .collect(Collectors.toSet())
                  .containsAll(played);
        });
  }

  // ---- The operator's calls.

  /** Makes the guest; the case takes it for granted that this can be done. */
  public TargetMigration guest(long writesPerSecond) {
    trial.given("the target makes a guest", () -> create(writesPerSecond));
    return this;
  }

  private void create(long writesPerSecond) {
    if (stage.adapter().isPresent()) {
      createByAdapter(stage.adapter().get(), writesPerSecond);
    } else {
      CreateGuestResponse response =
          Expect.one(
              "CreateGuest",
              call(
                  PeerServiceGrpc.getCreateGuestMethod(),
                  CreateGuestRequest.newBuilder()
                      .setName(guest)
                      .setMemoryBytes(MEMORY_BYTES)
                      .setWritesPerSecond(writesPerSecond)
                      .setPattern(WritePattern.WRITE_PATTERN_UNIFORM)
                      .setSeed(1)
                      .build()));
      Expect.equal("name of the guest", guest, response.getGuest().getName());
    }
    GetGuestResponse made = Expect.one("GetGuest", askGuest());
    Expect.equal("state of the guest", GuestState.GUEST_STATE_RUNNING, made.getGuest().getState());
  }

  private void createByAdapter(Adapter adapter, long writesPerSecond) {
    try {
      adapter.createGuest(
          org.dcmigrate.conformance.v1.CreateGuestRequest.newBuilder()
              .setName(guest)
              .setMemoryBytes(MEMORY_BYTES)
              .setSeed(1)
              .setWritesPerSecond(writesPerSecond)
              .build());
    } catch (DcmException failed) {
      throw new CheckFailed("CreateGuest of the adapter", "a guest", failed.sentence());
    }
  }

  /** Begins to migrate to a played peer. */
  public TargetMigration to(PlayedPeer destination) {
    return to(destination, request -> request);
  }

  /** As {@link #to(PlayedPeer)}, with options. */
  public TargetMigration to(PlayedPeer destination, UnaryOperator<MigrateRequest.Builder> options) {
    MigrateResponse response =
        Expect.one(
            "Migrate",
            call(
                MigrationServiceGrpc.getMigrateMethod(),
                options
                    .apply(
                        MigrateRequest.newBuilder()
                            .setGuest(guest)
                            .setDestination(destination.name()))
                    .build()));
    String given = response.getMigration().getMigrationId();
    Expect.that("migration_id", given.length() == 36, "a UUID", given);
    id = Optional.of(given);
    return this;
  }

  /** Redirects, and waits for the answer. */
  public Answer<RedirectResponse> redirect(PlayedPeer to) {
    return redirect(to.name());
  }

  /** Redirects to a peer that need not be a played one. */
  public Answer<RedirectResponse> redirect(String to) {
    return redirecting(to).rest();
  }

  /** Begins to redirect; the answer is waited for later. */
  public Conversation<RedirectRequest, RedirectResponse> redirecting(PlayedPeer to) {
    return redirecting(to.name());
  }

  private Conversation<RedirectRequest, RedirectResponse> redirecting(String to) {
    return stage
        .operator()
        .begin(MigrationServiceGrpc.getRedirectMethod(), trial.transcript())
        .send(RedirectRequest.newBuilder().setMigrationId(id()).setDestination(to).build())
        .halfClose();
  }

  /** Cancels. */
  public Answer<CancelMigrationResponse> cancel() {
    return call(
        MigrationServiceGrpc.getCancelMigrationMethod(),
        CancelMigrationRequest.newBuilder().setMigrationId(id()).build());
  }

  /** How it stands. */
  public Migration now() {
    return Expect.one("GetMigration", ask()).getMigration();
  }

  /** How it stands, where the target knows of it still. */
  public Optional<Migration> nowIfKnown() {
    Answer<GetMigrationResponse> answer = ask();
    return answer.ending().isOk()
        ? Optional.of(answer.messages().getFirst().getMigration())
        : Optional.empty();
  }

  private Answer<GetMigrationResponse> ask() {
    return quietly(
        MigrationServiceGrpc.getGetMigrationMethod(),
        GetMigrationRequest.newBuilder().setMigrationId(id()).build());
  }

  /** Waits until it is in one of these states. */
  public Migration await(Duration patience, MigrationState... states) {
    long deadlineNs = System.nanoTime() + patience.toNanos();
    List<MigrationState> awaited = Arrays.asList(states);
    Migration migration = now();
    while (!awaited.contains(migration.getState())) {
      Expect.that(
          "state of the migration",
          System.nanoTime() < deadlineNs && !isOver(migration),
          awaited + " within " + patience.toMillis() + " ms",
          migration.getState() + ": " + migration.getExplanation());
      LockSupport.parkNanos(POLL_NS);
      migration = now();
    }
    return migration;
  }

  /** Waits until it ends with the guest at a played peer, as it is to. */
  public Migration completed(PlayedPeer at) {
    Migration migration = await(patience(), MigrationState.MIGRATION_STATE_COMPLETED);
    Expect.equal("owner", at.name(), migration.getOwner());
    Expect.equal("what the destination is", PlayedHolder.State.OWNED, at.holder(id()).state());
    return migration;
  }

  /** The guest at the target, if it is there. */
  public Answer<GetGuestResponse> askGuest() {
    return quietly(
        PeerServiceGrpc.getGetGuestMethod(), GetGuestRequest.newBuilder().setName(guest).build());
  }

  /** Checks that the guest runs at the target, or does soon. */
  public void runsAtSource() {
    runsAtSource(trial.target().timeout());
  }

  /** The same within a time. */
  public void runsAtSource(Duration within) {
    awaitGuest(GuestState.GUEST_STATE_RUNNING, within);
  }

  /** Checks that the guest stands still at the target, or does soon. */
  public void standsStillAtSource() {
    awaitGuest(GuestState.GUEST_STATE_PAUSED, trial.target().timeout());
  }

  private void awaitGuest(GuestState state, Duration within) {
    long deadlineNs = System.nanoTime() + within.toNanos();
    GuestState found = Expect.one("GetGuest", askGuest()).getGuest().getState();
    while (found != state) {
      Expect.that(
          "state of the guest at the source",
          System.nanoTime() < deadlineNs,
          state.toString(),
          found.toString());
      LockSupport.parkNanos(POLL_NS);
      found = Expect.one("GetGuest", askGuest()).getGuest().getState();
    }
  }

  /** The guest's memory, each block in order; needs an adapter. */
  public List<byte[]> memory() {
    try {
      return stage
          .adapter()
          .orElseThrow()
          .inspect(InspectRequest.newBuilder().setGuest(guest).build())
          .getBlocksList()
          .stream()
          .map(com.google.protobuf.ByteString::toByteArray)
          .toList();
    } catch (DcmException failed) {
      throw new CheckFailed("Inspect of the adapter", "memory", failed.sentence());
    }
  }

  // ---- What is known of it.

  /** Its id; only once it has begun. */
  public String id() {
    return id.orElseThrow();
  }

  /** What a played peer holds of it. */
  public PlayedHolder at(PlayedPeer peer) {
    return peer.holder(id());
  }

  /** How long a step of it may take. */
  public Duration patience() {
    return trial.target().timeout().plus(stage.silence());
  }

  private <Q, A> Answer<A> call(io.grpc.MethodDescriptor<Q, A> method, Q message) {
    return stage.operator().call(method, List.of(message), trial.transcript());
  }

  /** Questions that are asked again and again would push the rest out of the transcript. */
  private <Q, A> Answer<A> quietly(io.grpc.MethodDescriptor<Q, A> method, Q message) {
    return stage.operator().call(method, List.of(message), new Transcript());
  }

  private static boolean isOver(Migration migration) {
    return switch (migration.getState()) {
      case MIGRATION_STATE_COMPLETED, MIGRATION_STATE_CANCELLED, MIGRATION_STATE_FAILED -> true;
      case MIGRATION_STATE_UNSPECIFIED,
          MIGRATION_STATE_OPENING,
          MIGRATION_STATE_TRANSFERRING,
          MIGRATION_STATE_REDIRECTING,
          MIGRATION_STATE_PARKED,
          MIGRATION_STATE_SWITCHING_OVER,
          MIGRATION_STATE_COMMITTING,
          MIGRATION_STATE_IN_DOUBT,
          MIGRATION_STATE_COMMITTED,
          UNRECOGNIZED ->
          false;
    };
  }

  /** The tester knows that nothing runs at the destination, which it plays itself. */
  private void resolveForSource() {
    var _ =
        quietly(
            MigrationServiceGrpc.getResolveMigrationMethod(),
            ResolveMigrationRequest.newBuilder()
                .setMigrationId(id())
                .setOwner(Choice.CHOICE_SOURCE)
                .setOtherSideIsFenced(true)
                .build());
  }

  /** Ends it and deletes the guest; tells what stays. */
  Optional<String> cleanUp() {
    if (id.isPresent() && ask().ending().isOk()) {
      Migration migration = now();
      if (!isOver(migration)) {
        var _ = cancel();
        long deadlineNs = System.nanoTime() + patience().toNanos();
        for (Migration each = now();
            !isOver(each) && System.nanoTime() < deadlineNs;
            each = now()) {
          if (each.getState() == MigrationState.MIGRATION_STATE_IN_DOUBT) {
            resolveForSource();
          }
          LockSupport.parkNanos(POLL_NS);
        }
      }
    }
    Answer<?> deleted =
        quietly(
            PeerServiceGrpc.getDeleteGuestMethod(),
            DeleteGuestRequest.newBuilder().setName(guest).build());
    boolean gone =
        deleted.ending().isOk()
            || deleted.ending().infos().stream()
                .anyMatch(info -> info.getReason().equals(Reason.GUEST_UNKNOWN.name()));
    return gone
        ? Optional.empty()
        : Optional.of("guest %s stays at the target: %s".formatted(guest, deleted.ending()));
  }
}
