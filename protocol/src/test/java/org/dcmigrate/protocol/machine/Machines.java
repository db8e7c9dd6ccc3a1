package org.dcmigrate.protocol.machine;

import java.util.List;
import java.util.Optional;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.decision.Acceptor;
import org.dcmigrate.protocol.decision.Question;

/**
 * What the peers of a {@link World} are made of. As it stands: the real thing; a mutant differs.
 */
interface Machines {
  /** The machines as they are. */
  Machines REAL = new Machines() {};

  default SourceStep source(SourceState state, SourceInput input, long nowNs) {
    return SourceMachine.step(state, input, nowNs);
  }

  default SourceStep recoverSource(
      PeerId self, List<SourceRecord> journal, boolean guestLost, long nowNs) {
    return SourceMachine.recover(self, journal, guestLost, nowNs);
  }

  default HolderStep holder(HolderState state, HolderInput input) {
    return HolderMachine.step(state, input);
  }

  default HolderStep recoverHolder(List<HolderRecord> journal) {
    return HolderMachine.recover(journal);
  }

  /** A source's seat as its grant makes it. */
  default Acceptor sourceSeat() {
    return Acceptor.undecided();
  }

  default Acceptor.Step vote(PeerId caller, Acceptor acceptor, Question question) {
    return acceptor.ask(question);
  }

  /** What is written to a disk. */
  enum Write {
    SOURCE_RECORD,
    HOLDER_RECORD,
    VOTE
  }

  /** Whether a peer goes on only when this is on disk. */
  default boolean waitsForDisk(Write what) {
    return true;
  }

  /** What recovery makes of a record of a source of which a part was written: it drops it. */
  default Optional<SourceRecord> tornSource(SourceRecord record) {
    return Optional.empty();
  }

  /** The same of a holder's record. */
  default Optional<HolderRecord> tornHolder(HolderRecord record) {
    return Optional.empty();
  }

  /** Whether a peer's own record of the owner ends its seat. */
  default boolean recordsEndSeats() {
    return true;
  }

  /** Whether a page that came takes the place of the one held. */
  default boolean takes(Version held, Version came) {
    return came.generation() > held.generation();
  }
}
