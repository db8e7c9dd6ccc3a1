package org.dcmigrate.peer.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.decision.Electorate;
import org.dcmigrate.protocol.machine.HolderRecord;
import org.dcmigrate.protocol.machine.SourceRecord;
import org.dcmigrate.protocol.machine.SourceState.Result;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A record is read as it was written, and no part of one is taken for a record. */
class RecordTextTest {
  private static final PeerId S = new PeerId("spiffe://dcm/peer/s");
  private static final PeerId N = new PeerId("spiffe://dcm/peer/n");
  private static final PeerId W = new PeerId("spiffe://dcm/peer/w1");
  private static final long DIGEST = 0xfedc_ba98_7654_3210L;

  static List<SourceRecord> sourceRecords() {
    return List.of(
        new SourceRecord.AttemptOpened(12, N, List.of()),
        new SourceRecord.AttemptOpened(12, N, List.of(W, S)),
        new SourceRecord.WitnessAsked(12, W),
        new SourceRecord.Granted(12, N, DIGEST, Optional.of(W)),
        new SourceRecord.Granted(12, N, 0, Optional.empty()),
        new SourceRecord.Decided(12, Choice.SOURCE),
        new SourceRecord.Decided(12, Choice.DESTINATION),
        new SourceRecord.Ended(new Result.Completed(N)),
        new SourceRecord.Ended(new Result.Cancelled()),
        new SourceRecord.Ended(
            new Result.Failed(new Failure(Reason.PEER_UNREACHABLE, "N is gone. For good."))));
  }

  static List<HolderRecord> holderRecords() {
    return List.of(
        new HolderRecord.OpenedAs(12, S),
        new HolderRecord.PreparedWith(12, DIGEST),
        new HolderRecord.GrantedWith(12, DIGEST, new Electorate(S, N, Optional.of(W))),
        new HolderRecord.GrantedWith(12, 0, new Electorate(S, N, Optional.empty())),
        new HolderRecord.OwnedWith(12, DIGEST),
        new HolderRecord.GuestLeft(12, DIGEST),
        new HolderRecord.Retired(12, N),
        new HolderRecord.Forgot(12));
  }

  @ParameterizedTest
  @MethodSource("sourceRecords")
  void aSourcesRecordIsReadWholeOrNotAtAll(SourceRecord record) throws Exception {
    String line = RecordText.of(record);
    assertThat(RecordText.source(line)).isEqualTo(record);
    for (int length = 0; length < line.length(); length++) {
      String part = line.substring(0, length);
      assertThatExceptionOfType(DcmException.class)
          .as(part)
          .isThrownBy(() -> RecordText.source(part));
    }
  }

  @ParameterizedTest
  @MethodSource("holderRecords")
  void aHoldersRecordIsReadWholeOrNotAtAll(HolderRecord record) throws Exception {
    String line = RecordText.of(record);
    assertThat(RecordText.holder(line)).isEqualTo(record);
    for (int length = 0; length < line.length(); length++) {
      String part = line.substring(0, length);
      assertThatExceptionOfType(DcmException.class)
          .as(part)
          .isThrownBy(() -> RecordText.holder(part));
    }
  }

  @Test
  void eachKindOfRecordIsTried() {
    assertThat(kinds(sourceRecords())).isEqualTo(permitted(SourceRecord.class));
    assertThat(kinds(holderRecords())).isEqualTo(permitted(HolderRecord.class));
  }

  @Test
  void aSentenceOfTwoLinesIsOneLine() {
    Failure failure = new Failure(Reason.INTERNAL, "one\ntwo");
    assertThat(RecordText.of(new SourceRecord.Ended(new Result.Failed(failure))))
        .isEqualTo("FAILED INTERNAL one two\n");
  }

  private static Set<String> kinds(List<?> records) {
    Set<String> kinds = new TreeSet<>();
    records.forEach(record -> kinds.add(record.getClass().getSimpleName()));
    return kinds;
  }

  private static Set<String> permitted(Class<?> sealed) {
    Set<String> kinds = new TreeSet<>();
    for (Class<?> kind : sealed.getPermittedSubclasses()) {
      kinds.add(kind.getSimpleName());
    }
    return kinds;
  }
}
