package org.dcmigrate.conformance.play;

import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.util.Optional;
import java.util.UUID;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.decision.Vote;
import org.dcmigrate.v1.AcceptRequest;
import org.dcmigrate.v1.AcceptResponse;
import org.dcmigrate.v1.AppointRequest;
import org.dcmigrate.v1.AppointResponse;
import org.dcmigrate.v1.AttemptRef;
import org.dcmigrate.v1.Choice;
import org.dcmigrate.v1.DecisionServiceGrpc;
import org.dcmigrate.v1.DismissRequest;
import org.dcmigrate.v1.DismissResponse;
import org.dcmigrate.v1.PeerRef;
import org.dcmigrate.v1.PromiseRequest;
import org.dcmigrate.v1.PromiseResponse;

/** A vote of the target on an attempt, as the tester asks for it. */
public final class Seat {
  /** A destination that nobody knows; for cases in which it has no part. */
  public static final PeerId NOBODY = new PeerId("spiffe://conformance.invalid/peer/nobody");

  /** Above all that a case takes: a Dismiss ends the seats of the epochs up to its own. */
  private static final long LAST_EPOCH = 1000;

  private final Trial trial;
  private final AttemptRef attempt;
  private Optional<PeerId> caller = Optional.empty();

  private Seat(Trial trial, AttemptRef attempt) {
    this.trial = trial;
    this.attempt = attempt;
  }

  /** A vote on an attempt that is there already. */
  public static Seat of(Trial trial, AttemptRef attempt) {
    return new Seat(trial, attempt);
  }

  /** A witness's vote on an attempt of a migration that nobody knows yet; dismissed in the end. */
  public static Seat unknown(Trial trial) {
    Seat seat =
        new Seat(
            trial,
            AttemptRef.newBuilder()
                .setMigrationId(UUID.randomUUID().toString())
                .setEpoch(5)
                .build());
    trial.afterwards(
        () -> {
          Ending ending = seat.epoch(LAST_EPOCH).dismiss(Choice.CHOICE_SOURCE).ending();
          return ending.isOk() || ending.status().getCode() == Status.Code.UNIMPLEMENTED
              ? Optional.empty()
              : Optional.of("a seat may stay at the target: " + ending);
        });
    return seat;
  }

  /** The same, appointed; the destination has no part. */
  public static Seat appointed(Trial trial) {
    return appointed(trial, NOBODY);
  }

  /** The same, appointed for a destination. */
  public static Seat appointed(Trial trial, PeerId destination) {
    Seat seat = unknown(trial);
    trial.given("Appoint is accepted", () -> Expect.one("Appoint", seat.appoint(destination)));
    return seat;
  }

  /** The attempt. */
  public AttemptRef attempt() {
    return attempt;
  }

  /** The seat of the same migration in another epoch. */
  public Seat epoch(long other) {
    return new Seat(trial, attempt.toBuilder().setEpoch(other).build());
  }

  /** The same seat, asked by somebody else. */
  public Seat as(PeerId other) {
    Seat seat = new Seat(trial, attempt);
    seat.caller = Optional.of(other);
    return seat;
  }

  private <Q, A> Answer<A> call(MethodDescriptor<Q, A> method, Q message) {
    return caller.isPresent()
        ? trial.callAs(caller.get(), method, message)
        : trial.call(method, message);
  }

  /** Asks the target to witness. */
  public Answer<AppointResponse> appoint(PeerId destination) {
    return call(
        DecisionServiceGrpc.getAppointMethod(),
        AppointRequest.newBuilder()
            .setAttempt(attempt)
            .setDestination(PeerRef.newBuilder().setIdentity(destination.uri()))
            .build());
  }

  /** Tells the target who owns the guest. */
  public Answer<DismissResponse> dismiss(Choice owner) {
    return call(
        DecisionServiceGrpc.getDismissMethod(),
        DismissRequest.newBuilder().setAttempt(attempt).setOwner(owner).build());
  }

  /** Asks for a promise. */
  public Answer<PromiseResponse> promise(long ballot) {
    return call(
        DecisionServiceGrpc.getPromiseMethod(),
        PromiseRequest.newBuilder().setAttempt(attempt).setBallot(ballot).build());
  }

  /** Asks for a vote. */
  public Answer<AcceptResponse> accept(long ballot, Choice choice) {
    return call(
        DecisionServiceGrpc.getAcceptMethod(),
        AcceptRequest.newBuilder()
            .setAttempt(attempt)
            .setVote(org.dcmigrate.v1.Vote.newBuilder().setBallot(ballot).setChoice(choice))
            .build());
  }

  /** Checks that a promise is answered with this ballot, and that nothing was accepted. */
  public void promises(long ballot, long answered) {
    PromiseResponse response = Expect.one("Promise", promise(ballot));
    Expect.equal("promised_ballot", answered, response.getPromisedBallot());
    Expect.that("accepted", !response.hasAccepted(), "nothing", text(response));
  }

  /** Checks that a promise is answered with this ballot, and this vote. */
  public void promises(long ballot, long answered, long acceptedBallot, Choice choice) {
    PromiseResponse response = Expect.one("Promise", promise(ballot));
    Expect.equal("promised_ballot", answered, response.getPromisedBallot());
    Expect.that(
        "accepted",
        response.hasAccepted()
            && response.getAccepted().getBallot() == acceptedBallot
            && response.getAccepted().getChoice() == choice,
        choice + " in ballot " + acceptedBallot,
        text(response));
  }

  /** Checks that a vote is answered with this ballot. */
  public void accepts(long ballot, Choice choice, long answered) {
    Expect.equal(
        "promised_ballot of the vote",
        answered,
        Expect.one("Accept", accept(ballot, choice)).getPromisedBallot());
  }

  /** Checks that the seat knows who owns the guest, and votes for nobody else. */
  public void ended(long ballot, Choice owner) {
    Choice other = owner == Choice.CHOICE_SOURCE ? Choice.CHOICE_DESTINATION : Choice.CHOICE_SOURCE;
    promises(ballot, ballot, Vote.MOST_BALLOTS, owner);
    accepts(ballot, owner, ballot);
    accepts(ballot, other, ballot + 1);
    promises(ballot, ballot, Vote.MOST_BALLOTS, owner);
  }

  /** Checks that the target does not vote on this attempt. */
  public void notThere() {
    Expect.refused("Promise", promise(1), Reason.MIGRATION_UNKNOWN);
    Expect.refused("Accept", accept(1, Choice.CHOICE_SOURCE), Reason.MIGRATION_UNKNOWN);
  }

  private static String text(PromiseResponse response) {
    return response.hasAccepted()
        ? response.getAccepted().getChoice() + " in ballot " + response.getAccepted().getBallot()
        : "nothing";
  }
}
