package org.dcmigrate.conformance.play;

import io.grpc.StatusRuntimeException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.decision.Acceptor;
import org.dcmigrate.protocol.decision.Answer;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.decision.Question;
import org.dcmigrate.protocol.decision.Vote;
import org.dcmigrate.protocol.wire.Errors;
import org.dcmigrate.protocol.wire.Wire;
import org.dcmigrate.v1.AttemptRef;

/**
 * The votes of a played peer in the tester's own migrations, as their source or another voter: the
 * target asks for votes before it may own a guest. Votes as a right one does, unless a case holds
 * the vote back or has given it to somebody.
 */
public final class Votes {
  private final Map<AttemptRef, Acceptor> acceptors = new ConcurrentHashMap<>();
  private final Map<AttemptRef, List<Question>> questions = new ConcurrentHashMap<>();
  private final Map<AttemptRef, StatusRuntimeException> heldBack = new ConcurrentHashMap<>();

  Votes() {}

  /** Votes on this attempt stay unanswered until they are let go. */
  public void holdBack(AttemptRef attempt) {
    refuse(
        attempt,
        Errors.toStatus(
            new DcmException(Reason.PEER_NOT_SERVING, "the tester holds its vote back")));
  }

  /** Questions in this attempt end with this, and change nothing, until they are let go. */
  public void refuse(AttemptRef attempt, StatusRuntimeException with) {
    heldBack.put(attempt, with);
  }

  /** Votes on this attempt are answered from now on. */
  public void letGo(AttemptRef attempt) {
    heldBack.remove(attempt);
  }

  /** The source has taken the guest back before the target asked. */
  public void takeBack(AttemptRef attempt) {
    seat(attempt, new Acceptor(1, Optional.of(new Vote(1, Choice.SOURCE))));
  }

  /** What the tester has promised and accepted before the target asks. */
  public void seat(AttemptRef attempt, Acceptor before) {
    acceptors.put(attempt, before);
  }

  /** Whether the target has asked for anything in this attempt. */
  public boolean asked(AttemptRef attempt) {
    return !questions(attempt).isEmpty();
  }

  /** What the target has asked in this attempt, in its order. */
  public List<Question> questions(AttemptRef attempt) {
    return List.copyOf(questions.getOrDefault(attempt, List.of()));
  }

  /** What the tester has accepted in this attempt. */
  public Optional<Vote> accepted(AttemptRef attempt) {
    return Optional.ofNullable(acceptors.get(attempt)).flatMap(Acceptor::accepted);
  }

  Answer vote(AttemptRef attempt, Question question) throws DcmException {
    Wire.attempt(attempt);
    questions.computeIfAbsent(attempt, key -> new CopyOnWriteArrayList<>()).add(question);
    Optional<StatusRuntimeException> refusal = Optional.ofNullable(heldBack.get(attempt));
    if (refusal.isPresent()) {
      throw refusal.get();
    }
    Acceptor.Step[] step = new Acceptor.Step[1];
    acceptors.compute(
        attempt,
        (key, before) -> {
          step[0] = (before == null ? Acceptor.undecided() : before).ask(question);
          return step[0].next();
        });
    return step[0].answer();
  }
}
