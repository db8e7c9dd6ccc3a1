package org.dcmigrate.conformance.cases;

import static org.dcmigrate.protocol.Reason.ATTEMPT_DISCARDED;
import static org.dcmigrate.protocol.Reason.FIELD_INVALID;
import static org.dcmigrate.protocol.Reason.IDENTITY_NOT_ADMITTED;
import static org.dcmigrate.protocol.Reason.TOO_LATE;
import static org.dcmigrate.v1.Choice.CHOICE_DESTINATION;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.dcmigrate.conformance.play.Answer;
import org.dcmigrate.conformance.play.Chunks;
import org.dcmigrate.conformance.play.Expect;
import org.dcmigrate.conformance.play.NotApplicable;
import org.dcmigrate.conformance.play.Seat;
import org.dcmigrate.conformance.play.Switchover;
import org.dcmigrate.conformance.play.TestMigration;
import org.dcmigrate.conformance.play.Trial;
import org.dcmigrate.conformance.play.Votes;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.decision.Acceptor;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.decision.Question;
import org.dcmigrate.protocol.decision.Vote;
import org.dcmigrate.protocol.wire.Errors;
import org.dcmigrate.v1.AttemptRef;
import org.dcmigrate.v1.MigrationServiceGrpc;
import org.dcmigrate.v1.PeerRef;
import org.dcmigrate.v1.ResolveMigrationRequest;
import org.dcmigrate.v1.ResolveMigrationResponse;
import org.dcmigrate.v1.SwitchoverRequest;

/** A destination that has the grant: whom it asks, what it proposes, and when it acts on it. */
public final class DecisionCases {
  private DecisionCases() {}

  /** All of them. */
  public static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    add(
        cases,
        "asked-again",
        "a voter that gives no reason, or does not know the attempt, is asked again in the same"
            + " ballot",
        "DCM-ERR-004 DCM-DEC-011",
        DecisionCases::askedAgain);
    add(
        cases,
        "outbid",
        "a destination that was outbid asks for promises in a ballot of its own before it proposes"
            + " again",
        "DCM-DEC-007 DCM-DEC-008",
        DecisionCases::outbid);
    add(
        cases,
        "bound-by-votes",
        "a destination proposes the choice that the promises name, and gives the guest up",
        "DCM-DEC-007 DCM-DEC-001",
        DecisionCases::boundByVotes);
    add(
        cases,
        "kept",
        "a destination with the grant keeps it, whatever else it is asked",
        "DCM-DEC-011 DCM-CAN-005",
        DecisionCases::kept);
    add(
        cases,
        "abort",
        "an Abort of its source has a destination with the grant give the guest up for good",
        "DCM-DEC-011 DCM-CAN-004",
        DecisionCases::abort);
    add(
        cases,
        "witness-enough",
        "with a witness its vote and the destination's own decide without the source",
        "DCM-DEC-001",
        DecisionCases::witnessEnough);
    add(
        cases,
        "one-vote-too-few",
        "with a witness the destination's own vote alone decides nothing",
        "DCM-DEC-001",
        DecisionCases::oneVoteTooFew);
    add(
        cases,
        "first-witness",
        "the witness stays whom the first Commit named",
        "DCM-STA-002 DCM-DEC-001",
        DecisionCases::firstWitness);
    add(
        cases,
        "vote-after-grant",
        "a destination votes only once it has the grant, which is its vote in ballot 0",
        "DCM-DEC-009",
        DecisionCases::voteAfterGrant);
    add(
        cases,
        "own-seat-ends",
        "the owner's own seat names the owner, and votes for nobody else",
        "DCM-DEC-017",
        DecisionCases::ownSeatEnds);
    add(
        cases,
        "resolved",
        "the operator's word decides, but is refused where the other side is not fenced",
        "DCM-DEC-015 DCM-DEC-011",
        DecisionCases::resolved);
    add(
        cases,
        "witness-is-source",
        "a Commit whose witness is the source is refused",
        "DCM-ERR-008",
        DecisionCases::witnessIsSource);
    return cases;
  }

  private static void add(
      List<Case> cases, String name, String purpose, String references, Case.Body body) {
    cases.add(Case.committing("decision/destination/" + name, purpose, references, body));
  }

  /** A target that is asked to own a guest, and its stream. */
  private record Granted(TestMigration migration, Switchover stream) {}

  private static Granted prepared(Trial trial) {
    TestMigration migration = SwitchoverCases.ready(trial);
    Switchover stream = Switchover.begin(trial, migration);
    trial.given("Prepare is answered", () -> stream.prepare().prepared());
    return new Granted(migration, stream);
  }

  private static SwitchoverRequest commit(TestMigration migration, PeerId witness) {
    return SwitchoverRequest.newBuilder()
        .setCommit(
            SwitchoverRequest.Commit.newBuilder()
                .setAttempt(migration.attempt())
                .setMemoryDigest(migration.memory().digest())
                .setWitness(PeerRef.newBuilder().setIdentity(witness.uri())))
        .build();
  }

  /** Has the grant, and no vote of the source yet. */
  private static Granted deciding(Trial trial) {
    Granted granted = prepared(trial);
    trial.votes().holdBack(granted.migration().attempt());
    granted.migration().committed();
    granted.stream().commit(granted.migration().memory().digest());
    trial.given(
        "the target asks for the source's vote", () -> asked(trial, trial.votes(), granted));
    trial.given(
        "the state is DECIDING", () -> SwitchoverCases.state(granted.migration(), "DECIDING"));
    return granted;
  }

  private static void asked(Trial trial, Votes votes, Granted granted) {
    Expect.eventually(
        "the target asks for a vote",
        trial.target().timeout(),
        () -> votes.asked(granted.migration().attempt()));
  }

  private static void runs(Trial trial, Granted granted) {
    trial.votes().letGo(granted.migration().attempt());
    granted.stream().running().end();
    SwitchoverCases.state(granted.migration(), "OWNED");
  }

  /** Checks that all ballots are a destination's, rise, and are asked for before they are used. */
  private static void ballots(List<Question> questions) {
    long highest = 0;
    long promised = 0;
    for (Question question : questions) {
      long ballot = question.ballot();
      Expect.that("ballot of the destination", ballot % 2 == 0, "an even one", "" + ballot);
      Expect.that("ballot", ballot >= highest, "no lower than " + highest, "" + ballot);
      highest = ballot;
      switch (question) {
        case Question.Promise promise -> promised = ballot;
        case Question.Accept accept ->
            Expect.that(
                "first phase of ballot " + ballot,
                ballot == 0 || promised == ballot,
                "before the second",
                "none");
      }
    }
  }

  private static void askedAgain(Trial trial) {
    Granted granted = deciding(trial);
    AttemptRef attempt = granted.migration().attempt();
    List<StatusRuntimeException> nothings =
        List.of(
            new StatusRuntimeException(Status.UNAVAILABLE),
            new StatusRuntimeException(Status.UNKNOWN),
            Errors.toStatus(new DcmException(Reason.MIGRATION_UNKNOWN, "not yet")));
    for (StatusRuntimeException nothing : nothings) {
      trial.votes().refuse(attempt, nothing);
      int before = trial.votes().questions(attempt).size();
      Expect.eventually(
          "the target asks again after " + nothing.getStatus().getCode(),
          trial.target().timeout(),
          () -> trial.votes().questions(attempt).size() > before + 1);
    }
    Expect.equal(
        "questions",
        List.of(new Question.Accept(Vote.GRANTED)),
        trial.votes().questions(attempt).stream().distinct().toList());
    SwitchoverCases.state(granted.migration(), "DECIDING");
    runs(trial, granted);
  }

  private static void outbid(Trial trial) {
    Granted granted = prepared(trial);
    AttemptRef attempt = granted.migration().attempt();
    trial.votes().seat(attempt, new Acceptor(1, Optional.empty()));
    granted.migration().committed();
    granted.stream().commit(granted.migration().memory().digest()).running().end();
    ballots(trial.votes().questions(attempt));
    Vote vote = trial.votes().accepted(attempt).orElse(Vote.GRANTED);
    Expect.that("ballot that was decided", vote.ballot() > 1, "above 1", "" + vote.ballot());
    Expect.equal("choice", Choice.DESTINATION, vote.choice());
    SwitchoverCases.state(granted.migration(), "OWNED");
  }

  private static void boundByVotes(Trial trial) {
    Granted granted = prepared(trial);
    AttemptRef attempt = granted.migration().attempt();
    trial.votes().takeBack(attempt);
    granted.stream().commit(granted.migration().memory().digest());
    granted.stream().refused("Commit", ATTEMPT_DISCARDED);
    List<Question> questions = trial.votes().questions(attempt);
    ballots(questions);
    for (Question question : questions) {
      if (question instanceof Question.Accept accept && accept.ballot() > 0) {
        Expect.equal("choice proposed", Choice.SOURCE, accept.vote().choice());
      }
    }
    Expect.equal(
        "what the source has accepted",
        Optional.of(Choice.SOURCE),
        trial.votes().accepted(attempt).map(Vote::choice));
  }

  private static void kept(Trial trial) {
    Granted granted = deciding(trial);
    TestMigration migration = granted.migration();
    Expect.refused("Open", migration.open(migration.openRequest().build()), TOO_LATE);
    Expect.refused(
        "Open of a higher epoch",
        migration.open(migration.openRequest().setAttempt(migration.attempt(2)).build()),
        TOO_LATE);
    Expect.refused("Transfer", migration.transfer(Chunks.page(3, 6, 2)), TOO_LATE);
    granted.stream().cancel();
    SwitchoverCases.state(migration, "DECIDING");
    trial.votes().letGo(migration.attempt());
    Switchover.begin(trial, migration).commit(migration.memory().digest()).running().end();
    SwitchoverCases.state(migration, "OWNED");
  }

  private static void abort(Trial trial) {
    TestMigration control = control(trial);
    Granted granted = prepared(trial);
    TestMigration migration = granted.migration();
    trial.votes().holdBack(migration.attempt());
    granted.stream().commit(migration.memory().digest());
    trial.given(
        "the target asks for the source's vote", () -> asked(trial, trial.votes(), granted));
    Expect.one("Abort", migration.abort());
    granted.stream().refused("the stream after Abort", ATTEMPT_DISCARDED);
    trial.votes().letGo(migration.attempt());
    Switchover.begin(trial, migration)
        .commit(migration.memory().digest())
        .refused("Commit after Abort", ATTEMPT_DISCARDED);
    migration.unknown();
    SwitchoverCases.state(control, "OWNED");
  }

  /** A guest that the target takes, so that it is known that it would. */
  private static TestMigration control(Trial trial) {
    Granted granted = deciding(trial);
    trial.given("a guest with the source's vote is run", () -> runs(trial, granted));
    return granted.migration();
  }

  /** Has the grant with a witness, and neither its vote nor the source's. */
  private static Granted decidingWithWitness(Trial trial) {
    PeerId witness = trial.target().access().second();
    Votes theirs = trial.secondVotes();
    Granted granted = prepared(trial);
    AttemptRef attempt = granted.migration().attempt();
    trial.votes().holdBack(attempt);
    theirs.holdBack(attempt);
    granted.migration().committed();
    granted.stream().send(commit(granted.migration(), witness));
    trial.given("the target asks the source", () -> asked(trial, trial.votes(), granted));
    trial.given("the target asks the witness", () -> asked(trial, theirs, granted));
    return granted;
  }

  private static void witnessEnough(Trial trial) {
    Granted granted = decidingWithWitness(trial);
    SwitchoverCases.state(granted.migration(), "DECIDING");
    trial.secondVotes().letGo(granted.migration().attempt());
    granted.stream().running().end();
    SwitchoverCases.state(granted.migration(), "OWNED");
    Expect.equal(
        "what the source has accepted",
        Optional.empty(),
        trial.votes().accepted(granted.migration().attempt()));
  }

  private static void oneVoteTooFew(Trial trial) {
    Granted granted = decidingWithWitness(trial);
    AttemptRef attempt = granted.migration().attempt();
    int before = trial.votes().questions(attempt).size();
    Expect.eventually(
        "the target goes on asking",
        trial.target().timeout(),
        () -> trial.votes().questions(attempt).size() > before + 1);
    SwitchoverCases.state(granted.migration(), "DECIDING");
    runs(trial, granted);
  }

  private static void firstWitness(Trial trial) {
    Granted granted = decidingWithWitness(trial);
    TestMigration migration = granted.migration();
    AttemptRef attempt = migration.attempt();
    int before = trial.votes().questions(attempt).size();
    Switchover second = Switchover.begin(trial, migration).commit(migration.memory().digest());
    Expect.eventually(
        "the target asks the source again, and more than once",
        trial.target().timeout(),
        () -> trial.votes().questions(attempt).size() > before + 2);
    trial.secondVotes().letGo(attempt);
    second.running().end();
    SwitchoverCases.state(migration, "OWNED");
  }

  private static void voteAfterGrant(Trial trial) {
    PeerId witness = trial.target().access().second();
    Votes theirs = trial.secondVotes();
    Granted granted = prepared(trial);
    TestMigration migration = granted.migration();
    Seat seat = Seat.of(trial, migration.attempt());
    seat.notThere();
    trial.votes().holdBack(migration.attempt());
    theirs.holdBack(migration.attempt());
    migration.committed();
    granted.stream().send(commit(migration, witness));
    trial.given("the target asks the source", () -> asked(trial, trial.votes(), granted));
    seat.promises(1, 1, 0, CHOICE_DESTINATION);
    Expect.refused("Promise in its own ballot", seat.promise(2), FIELD_INVALID);
    Expect.refused("Promise of the witness", seat.as(witness).promise(3), IDENTITY_NOT_ADMITTED);
    trial.unchanged("the vote is as before", () -> seat.promises(1, 1, 0, CHOICE_DESTINATION));
    theirs.letGo(migration.attempt());
    runs(trial, granted);
  }

  private static void ownSeatEnds(Trial trial) {
    Granted granted = decidingWithWitness(trial);
    runs(trial, granted);
    Seat.of(trial, granted.migration().attempt()).ended(3, CHOICE_DESTINATION);
    SwitchoverCases.state(granted.migration(), "OWNED");
  }

  private static void resolved(Trial trial) {
    Granted granted = deciding(trial);
    TestMigration migration = granted.migration();
    Answer<ResolveMigrationResponse> refused;
    try {
      refused = resolve(trial, migration, false);
    } catch (NotApplicable noOperator) {
      runs(trial, granted);
      throw noOperator;
    }
    Expect.refused("ResolveMigration, not fenced", refused, FIELD_INVALID);
    trial.unchanged("the state is DECIDING", () -> SwitchoverCases.state(migration, "DECIDING"));
    Expect.one("ResolveMigration", resolve(trial, migration, true));
    granted.stream().running().end();
    SwitchoverCases.state(migration, "OWNED");
    Expect.equal(
        "what the source has accepted",
        Optional.empty(),
        trial.votes().accepted(migration.attempt()));
  }

  private static Answer<ResolveMigrationResponse> resolve(
      Trial trial, TestMigration migration, boolean fenced) {
    return trial.operators(
        MigrationServiceGrpc.getResolveMigrationMethod(),
        ResolveMigrationRequest.newBuilder()
            .setMigrationId(migration.id())
            .setOwner(CHOICE_DESTINATION)
            .setOtherSideIsFenced(fenced)
            .build());
  }

  private static void witnessIsSource(Trial trial) {
    Granted granted = prepared(trial);
    TestMigration migration = granted.migration();
    granted.stream().send(commit(migration, trial.target().self()));
    granted.stream().refused("Commit", FIELD_INVALID);
    trial.unchanged("the state is PREPARED", () -> SwitchoverCases.state(migration, "PREPARED"));
    migration.committed();
    trial.unchanged(
        "a right Commit is answered",
        () ->
            Switchover.begin(trial, migration).commit(migration.memory().digest()).running().end());
  }
}
