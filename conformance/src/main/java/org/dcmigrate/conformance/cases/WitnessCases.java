package org.dcmigrate.conformance.cases;

import static org.dcmigrate.protocol.Reason.ALREADY_OPEN;
import static org.dcmigrate.protocol.Reason.EPOCH_STALE;
import static org.dcmigrate.protocol.Reason.FIELD_INVALID;
import static org.dcmigrate.protocol.Reason.IDENTITY_NOT_ADMITTED;
import static org.dcmigrate.v1.Choice.CHOICE_DESTINATION;
import static org.dcmigrate.v1.Choice.CHOICE_SOURCE;
import static org.dcmigrate.v1.Choice.CHOICE_UNSPECIFIED;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import org.dcmigrate.conformance.play.Answer;
import org.dcmigrate.conformance.play.Expect;
import org.dcmigrate.conformance.play.NotApplicable;
import org.dcmigrate.conformance.play.Seat;
import org.dcmigrate.conformance.play.Trial;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.decision.Vote;
import org.dcmigrate.v1.AttemptRef;

/** The target as a witness of attempts whose source is the tester. */
public final class WitnessCases {
  private WitnessCases() {}

  /** All of them. */
  public static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    add(
        cases,
        "appointed",
        "a witness is appointed, and may be again for the same; others are refused",
        "DCM-STA-002",
        WitnessCases::appointed);
    add(
        cases,
        "older-epoch",
        "an Appoint of an older epoch than is witnessed is refused",
        "DCM-STA-001",
        WitnessCases::olderEpoch);
    add(
        cases,
        "unknown",
        "questions about an attempt without a seat are refused, and leave nothing behind",
        "DCM-STA-002",
        WitnessCases::unknown);
    add(
        cases,
        "promises",
        "a promise holds against lower ballots, and tells what was accepted last",
        "DCM-STA-002 DCM-DEC-007",
        WitnessCases::promises);
    add(
        cases,
        "votes-repeated",
        "questions may be repeated, and are answered the same",
        "DCM-STA-002",
        WitnessCases::repeated);
    add(
        cases,
        "other-epochs",
        "a vote on one epoch says nothing of another",
        "DCM-STA-002",
        WitnessCases::otherEpochs);
    add(
        cases,
        "destination",
        "the destination of the attempt has the even ballots, 0 for itself only",
        "DCM-DEC-008",
        WitnessCases::destination);
    add(
        cases,
        "others-refused",
        "a configured peer that is neither source nor destination of the attempt is refused",
        "DCM-DEC-008",
        WitnessCases::othersRefused);
    add(
        cases,
        "dismissed",
        "a witness that was told the owner votes for nobody else any more",
        "DCM-DEC-013",
        WitnessCases::dismissed);
    add(
        cases,
        "dismissed-undecided",
        "a witness that never voted remembers the owner, too, also in older epochs",
        "DCM-DEC-013",
        WitnessCases::dismissedUndecided);
    add(
        cases,
        "dismissed-by-others",
        "a Dismiss of somebody else is refused",
        "DCM-DEC-013",
        WitnessCases::dismissedByOthers);
    add(
        cases,
        "dismissed-nothing",
        "a Dismiss where there is nothing succeeds, and changes nothing",
        "DCM-STA-002",
        WitnessCases::dismissedNothing);
    refusals(cases);
    return cases;
  }

  private static void refusals(List<Case> cases) {
    refused(cases, "even-ballot", "a promise in the destination's ballot", s -> s.promise(2));
    refused(
        cases, "even-vote", "a vote in the destination's ballot", s -> s.accept(2, CHOICE_SOURCE));
    refused(
        cases,
        "ballot-zero",
        "a vote of the source in ballot 0",
        s -> s.accept(0, CHOICE_DESTINATION));
    refused(
        cases,
        "ballot-too-high",
        "a promise in a ballot above all",
        s -> s.promise(Vote.MOST_BALLOTS + 1));
    refused(cases, "no-choice", "a vote without a choice", s -> s.accept(3, CHOICE_UNSPECIFIED));
    refused(cases, "no-owner", "a Dismiss without an owner", s -> s.dismiss(CHOICE_UNSPECIFIED));
  }

  private static void add(
      List<Case> cases, String name, String purpose, String references, Case.Body body) {
    cases.add(
        Case.of(
            "witness/witness/" + name,
            purpose,
            references,
            trial -> {
              requireWitness(trial);
              body.run(trial);
            }));
  }

  /** A peer that offers no witness has no part in this. */
  static void requireWitness(Trial trial) {
    boolean offered =
        trial.givenValue(
            "GetPeer tells the capabilities",
            () -> CapabilityCases.told(trial).contains("witness"));
    if (!offered) {
      throw new NotApplicable("the target does not name the capability witness");
    }
  }

  private static void refused(
      List<Case> cases, String name, String what, Function<Seat, Answer<?>> question) {
    add(
        cases,
        name,
        what + " is refused",
        name.equals("no-owner") || name.equals("no-choice") ? "DCM-VER-005" : "DCM-DEC-008",
        trial -> {
          Seat seat = Seat.appointed(trial);
          trial.given("a vote is given", () -> seat.accepts(1, CHOICE_DESTINATION, 1));
          Expect.refused(what, question.apply(seat), FIELD_INVALID);
          trial.unchanged(
              "the vote is as before", () -> seat.promises(1, 1, 1, CHOICE_DESTINATION));
        });
  }

  private static void appointed(Trial trial) {
    Seat seat = Seat.unknown(trial);
    PeerId self = trial.target().self();
    Expect.one("Appoint", seat.appoint(Seat.NOBODY));
    Expect.one("Appoint again", seat.appoint(Seat.NOBODY));
    PeerId other = new PeerId("spiffe://conformance.invalid/peer/other");
    Expect.refused("Appoint for another destination", seat.appoint(other), ALREADY_OPEN);
    Expect.refused("Appoint for the source", seat.epoch(6).appoint(self), FIELD_INVALID);
    trial.unchanged("the seat is there", () -> seat.promises(1, 1));
  }

  private static void olderEpoch(Trial trial) {
    Seat seat = Seat.appointed(trial);
    Expect.refused("Appoint", seat.epoch(4).appoint(Seat.NOBODY), EPOCH_STALE);
    trial.unchanged("the seat is there", () -> seat.promises(1, 1));
    trial.unchanged("there is no other", () -> seat.epoch(4).notThere());
    Expect.one("Appoint of a higher epoch", seat.epoch(6).appoint(Seat.NOBODY));
    seat.epoch(6).promises(1, 1);
  }

  private static void unknown(Trial trial) {
    Seat seat = Seat.unknown(trial);
    seat.notThere();
    Expect.one("Appoint", seat.appoint(Seat.NOBODY));
    seat.promises(1, 1);
  }

  private static void promises(Trial trial) {
    Seat seat = Seat.appointed(trial);
    seat.promises(3, 3);
    seat.promises(1, 3);
    seat.accepts(1, CHOICE_SOURCE, 3);
    seat.promises(3, 3);
    seat.accepts(3, CHOICE_SOURCE, 3);
    seat.promises(5, 5, 3, CHOICE_SOURCE);
    seat.accepts(3, CHOICE_DESTINATION, 5);
    seat.promises(7, 7, 3, CHOICE_SOURCE);
    seat.accepts(9, CHOICE_DESTINATION, 9);
    seat.promises(9, 9, 9, CHOICE_DESTINATION);
    seat.accepts(7, CHOICE_SOURCE, 9);
    seat.promises(11, 11, 9, CHOICE_DESTINATION);
  }

  private static void repeated(Trial trial) {
    Seat seat = Seat.appointed(trial);
    seat.promises(1, 1);
    seat.promises(1, 1);
    seat.accepts(1, CHOICE_SOURCE, 1);
    seat.accepts(1, CHOICE_SOURCE, 1);
    seat.promises(1, 1, 1, CHOICE_SOURCE);
    Expect.one("Appoint", seat.appoint(Seat.NOBODY));
    seat.promises(1, 1, 1, CHOICE_SOURCE);
  }

  private static void otherEpochs(Trial trial) {
    Seat seat = Seat.appointed(trial);
    seat.accepts(3, CHOICE_SOURCE, 3);
    Seat next = seat.epoch(6);
    Expect.one("Appoint", next.appoint(Seat.NOBODY));
    next.promises(1, 1);
    seat.promises(5, 5, 3, CHOICE_SOURCE);
    next.promises(3, 3);
  }

  private static void destination(Trial trial) {
    PeerId other = trial.target().access().second();
    Seat seat = Seat.appointed(trial, other);
    Seat theirs = seat.as(other);
    Expect.refused("Promise in the source's ballot", theirs.promise(1), FIELD_INVALID);
    Expect.refused(
        "Accept of the source in ballot 0", theirs.accept(0, CHOICE_SOURCE), FIELD_INVALID);
    theirs.accepts(0, CHOICE_DESTINATION, 0);
    seat.promises(1, 1, 0, CHOICE_DESTINATION);
    theirs.accepts(0, CHOICE_DESTINATION, 1);
    theirs.promises(2, 2, 0, CHOICE_DESTINATION);
    seat.accepts(1, CHOICE_SOURCE, 2);
    theirs.accepts(2, CHOICE_DESTINATION, 2);
    seat.promises(3, 3, 2, CHOICE_DESTINATION);
  }

  private static void othersRefused(Trial trial) {
    PeerId other = trial.target().access().second();
    Seat seat = Seat.appointed(trial);
    Seat theirs = seat.as(other);
    trial.given("the seat votes", () -> seat.accepts(1, CHOICE_DESTINATION, 1));
    trial.given("the other peer is admitted", () -> Expect.one("Appoint", admitted(trial, other)));
    for (long ballot : new long[] {2, 3}) {
      Expect.refused("Promise", theirs.promise(ballot), IDENTITY_NOT_ADMITTED);
      Expect.refused("Accept", theirs.accept(ballot, CHOICE_SOURCE), IDENTITY_NOT_ADMITTED);
    }
    Expect.refused("Appoint", seat.epoch(6).as(other).appoint(Seat.NOBODY), IDENTITY_NOT_ADMITTED);
    trial.unchanged("the vote is as before", () -> seat.promises(1, 1, 1, CHOICE_DESTINATION));
  }

  /** A seat that the other peer may ask for. */
  private static Answer<?> admitted(Trial trial, PeerId other) {
    AttemptRef attempt =
        AttemptRef.newBuilder().setMigrationId(UUID.randomUUID().toString()).setEpoch(1).build();
    Seat own = Seat.of(trial, attempt).as(other);
    Answer<?> answer = own.appoint(Seat.NOBODY);
    own.dismiss(CHOICE_SOURCE);
    return answer;
  }

  private static void dismissed(Trial trial) {
    Seat seat = Seat.appointed(trial);
    seat.accepts(3, CHOICE_SOURCE, 3);
    Expect.one("Dismiss", seat.dismiss(CHOICE_DESTINATION));
    seat.ended(5, CHOICE_DESTINATION);
    Expect.one("Dismiss again", seat.dismiss(CHOICE_DESTINATION));
    seat.ended(7, CHOICE_DESTINATION);
    Expect.one("a late Appoint", seat.appoint(Seat.NOBODY));
    seat.ended(9, CHOICE_DESTINATION);
  }

  private static void dismissedUndecided(Trial trial) {
    Seat seat = Seat.appointed(trial);
    Seat next = seat.epoch(6);
    Expect.one("Appoint", next.appoint(Seat.NOBODY));
    Expect.one("Dismiss", next.dismiss(CHOICE_SOURCE));
    next.ended(1, CHOICE_SOURCE);
    seat.ended(1, CHOICE_SOURCE);
    Expect.refused("Appoint of an older epoch", seat.epoch(4).appoint(Seat.NOBODY), EPOCH_STALE);
  }

  private static void dismissedByOthers(Trial trial) {
    PeerId other = trial.target().access().second();
    Seat seat = Seat.appointed(trial);
    trial.given("the seat votes", () -> seat.accepts(1, CHOICE_DESTINATION, 1));
    Expect.refused("Dismiss", seat.as(other).dismiss(CHOICE_SOURCE), IDENTITY_NOT_ADMITTED);
    trial.unchanged("the vote is as before", () -> seat.promises(1, 1, 1, CHOICE_DESTINATION));
    Expect.one("Dismiss of the source", seat.dismiss(CHOICE_DESTINATION));
    seat.ended(3, CHOICE_DESTINATION);
  }

  private static void dismissedNothing(Trial trial) {
    Seat seat = Seat.unknown(trial);
    Expect.one("Dismiss", seat.dismiss(CHOICE_DESTINATION));
    seat.notThere();
    Expect.one("Appoint", seat.appoint(Seat.NOBODY));
    seat.promises(1, 1);
  }
}
