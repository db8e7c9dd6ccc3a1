package org.dcmigrate.peer.decision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;
import org.dcmigrate.peer.journal.Journal;
import org.dcmigrate.peer.trace.Trace;
import org.dcmigrate.protocol.Attempt;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.MigrationId;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.decision.Acceptor;
import org.dcmigrate.protocol.decision.Answer;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.decision.Electorate;
import org.dcmigrate.protocol.decision.Question;
import org.dcmigrate.protocol.decision.Vote;
import org.dcmigrate.protocol.machine.HolderRecord;
import org.dcmigrate.protocol.machine.SourceRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The votes of a witness: refused where nobody may ask, and remembered over a restart. */
class AcceptorsTest {
  private static final PeerId S = new PeerId("spiffe://test/peer/s");
  private static final PeerId N = new PeerId("spiffe://test/peer/n");
  private static final PeerId W = new PeerId("spiffe://test/peer/w");
  private static final PeerId X = new PeerId("spiffe://test/peer/x");
  private static final Question GRANTED = new Question.Accept(Vote.GRANTED);

  private final Attempt first = new Attempt(new MigrationId(UUID.randomUUID()), 1);
  private final Attempt second = new Attempt(first.migration(), 2);
  @TempDir private Path directory;
  private Journal journal;
  private Acceptors acceptors;

  @BeforeEach
  void start() throws DcmException {
    journal =
        Journal.open(
            directory.resolve("journal.db"),
            failure -> {
              throw failure;
            });
    acceptors = new Acceptors(W, journal, 3, 2, Trace.NONE);
    acceptors.recover();
  }

  @AfterEach
  void stop() {
    journal.close();
  }

  private void restart() throws DcmException {
    stop();
    start();
  }

  @Test
  void aVoteOutlivesARestart() throws DcmException {
    acceptors.appoint(first, S, N);
    assertThat(acceptors.ask(N, first, GRANTED)).isEqualTo(new Answer.Accepted(0));
    restart();
    assertThat(acceptors.ask(S, first, new Question.Promise(1)))
        .isEqualTo(new Answer.Promised(1, Optional.of(Vote.GRANTED)));
    restart();
    assertThat(acceptors.ask(N, first, GRANTED)).isEqualTo(new Answer.Refused(0, 1));
  }

  @Test
  void anAppointmentThatComesTwiceTakesNoVoteBack() throws DcmException {
    acceptors.appoint(first, S, N);
    acceptors.ask(S, first, new Question.Promise(1));
    acceptors.appoint(first, S, N);
    assertThat(acceptors.ask(N, first, GRANTED)).isEqualTo(new Answer.Refused(0, 1));
    acceptors.dismiss(first, Choice.SOURCE, S);
    restart();
    acceptors.appoint(first, S, N);
    assertThat(acceptors.ask(N, first, GRANTED)).isEqualTo(new Answer.Refused(0, 1));
    assertThat(acceptors.ask(N, first, new Question.Promise(2)))
        .isEqualTo(new Answer.Promised(2, Optional.of(new Vote(Vote.MOST_BALLOTS, Choice.SOURCE))));
  }

  @Test
  void aRecordThatNamesTheOwnerEndsTheOwnSeatForGood() throws DcmException {
    Electorate alone = new Electorate(S, N, Optional.empty());
    acceptors.sit(first, alone, Acceptor.undecided());
    assertThat(acceptors.ask(N, first, GRANTED)).isEqualTo(new Answer.Accepted(0));
    SourceRecord decided = new SourceRecord.Decided(1, Choice.SOURCE);
    acceptors.end(first, Choice.SOURCE, seat -> journal.append(first.migration(), decided, seat));

    assertThat(acceptors.ask(N, first, GRANTED)).isEqualTo(new Answer.Refused(0, 1));
    restart();
    assertThat(acceptors.ask(N, first, GRANTED)).isEqualTo(new Answer.Refused(0, 1));
    assertThat(acceptors.ask(N, first, new Question.Promise(2)))
        .isEqualTo(new Answer.Promised(2, Optional.of(new Vote(Vote.MOST_BALLOTS, Choice.SOURCE))));
    assertThat(journal.sources().getFirst().records()).containsExactly(decided);
  }

  @Test
  void aPeerThatDoesNotVoteWritesTheRecordAlone() throws DcmException {
    HolderRecord owned = new HolderRecord.OwnedWith(1, 7);
    acceptors.end(
        first, Choice.DESTINATION, seat -> journal.append(first.migration(), owned, seat));
    assertThat(journal.seats()).isEmpty();
    assertThat(journal.holders().getFirst().records()).containsExactly(owned);
  }

  @Test
  void whatMustNotBeAskedIsRefusedAndChangesNothing() throws DcmException {
    refused(Reason.MIGRATION_UNKNOWN, () -> acceptors.ask(N, first, GRANTED));
    refused(Reason.FIELD_INVALID, () -> acceptors.appoint(first, S, W));
    refused(Reason.FIELD_INVALID, () -> acceptors.appoint(first, S, S));
    acceptors.appoint(second, S, N);
    refused(Reason.EPOCH_STALE, () -> acceptors.appoint(first, S, N));
    refused(Reason.ALREADY_OPEN, () -> acceptors.appoint(second, S, X));
    refused(Reason.IDENTITY_NOT_ADMITTED, () -> acceptors.appoint(second, X, N));
    refused(Reason.IDENTITY_NOT_ADMITTED, () -> acceptors.ask(X, second, GRANTED));
    refused(Reason.FIELD_INVALID, () -> acceptors.ask(S, second, GRANTED));
    refused(Reason.IDENTITY_NOT_ADMITTED, () -> acceptors.dismiss(second, Choice.SOURCE, N));
    refused(Reason.MIGRATION_UNKNOWN, () -> acceptors.ask(N, first, GRANTED));
    assertThat(acceptors.ask(N, second, GRANTED)).isEqualTo(new Answer.Accepted(0));
  }

  @Test
  void aPeerWitnessesOnlySoMany() throws DcmException {
    acceptors.appoint(first, S, N);
    Attempt other = new Attempt(new MigrationId(UUID.randomUUID()), 1);
    acceptors.appoint(other, S, N);
    Attempt third = new Attempt(new MigrationId(UUID.randomUUID()), 1);
    refused(Reason.LIMIT_EXCEEDED, () -> acceptors.appoint(third, S, N));
    acceptors.appoint(new Attempt(new MigrationId(UUID.randomUUID()), 1), X, N);
    acceptors.dismiss(other, Choice.DESTINATION, S);
    acceptors.appoint(third, S, N);
    Attempt fourth = new Attempt(new MigrationId(UUID.randomUUID()), 1);
    refused(Reason.LIMIT_EXCEEDED, () -> acceptors.appoint(fourth, X, N));
  }

  @Test
  void itsOwnMigrationsDoNotKeepAPeerFromWitnessing() throws DcmException {
    for (int number = 0; number < 5; number++) {
      Attempt leaving = new Attempt(new MigrationId(UUID.randomUUID()), 1);
      acceptors.sit(leaving, new Electorate(W, N, Optional.of(X)), Acceptor.undecided());
      Attempt coming = new Attempt(new MigrationId(UUID.randomUUID()), 1);
      acceptors.sit(coming, new Electorate(S, W, Optional.of(X)), Acceptor.granted());
    }
    acceptors.appoint(first, S, N);
    assertThat(acceptors.ask(N, first, GRANTED)).isEqualTo(new Answer.Accepted(0));
  }

  private interface Action {
    void run() throws DcmException;
  }

  private static void refused(Reason reason, Action action) {
    assertThatExceptionOfType(DcmException.class)
        .isThrownBy(action::run)
        .matches(why -> why.reason() == reason, reason.name());
  }
}
