package org.dcmigrate.protocol.machine;

import java.util.Map;
import java.util.Set;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.decision.Answer;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.decision.Question;

/** What travels from a source or a contributor to a holder. */
sealed interface Message {
  /** A request for the holder's machine; {@code pages} are those to relay or to skip. */
  record Control(HolderInput input, Set<Integer> pages) implements Message {
    Control(HolderInput input) {
      this(input, Set.of());
    }
  }

  /** A page. */
  record Chunk(long epoch, int page, Version version) implements Message {}

  /** The source asks the callee to witness the decision. */
  record Appoint(long epoch, PeerId destination) implements Message {}

  /** Nothing is left to witness. */
  record Dismiss(long epoch, Choice owner) implements Message {}

  /** A question to the callee's acceptor. */
  record Ballot(long epoch, Question question) implements Message {}

  /** The answer to a message. */
  sealed interface Reply {
    /** Success, with the state and the pages of the peer. */
    record Ok(HolderState state, Map<Integer, Version> held) implements Reply {}

    /** The peer refused. */
    record Refused(Failure failure) implements Reply {}

    /** No answer. */
    record Lost(Failure failure) implements Reply {}

    /** The destination is ready. */
    record Prepared(long memoryDigest) implements Reply {}

    /** The destination's memory differs. */
    record Incomplete() implements Reply {}

    /** Done, and nothing to tell. */
    record Done() implements Reply {}

    /** An acceptor's answer. */
    record Voted(Answer answer) implements Reply {}

    /** The guest runs at the destination. */
    record Running() implements Reply {}
  }
}
