package org.dcmigrate.peer.decision;

import java.time.Duration;
import java.util.function.Consumer;
import org.dcmigrate.peer.client.DecisionClient;
import org.dcmigrate.peer.client.Peers;
import org.dcmigrate.protocol.Attempt;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.decision.Answer;
import org.dcmigrate.protocol.decision.Question;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks acceptors. The one of this peer answers, and is on disk, before {@link #ask} returns; others
 * are asked on a thread each, and one that gives no answer is asked again by whoever counts.
 */
public final class Ballots {
  private static final Logger LOG = LoggerFactory.getLogger(Ballots.class);
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  private final Peers peers;
  private final Acceptors own;

  public Ballots(Peers peers, Acceptors own) {
    this.peers = peers;
    this.own = own;
  }

  /** Asks; the answer, where one comes, goes to the consumer, always on another thread. */
  public void ask(Attempt attempt, PeerId acceptor, Question question, Consumer<Answer> answer) {
    PeerId self = peers.self().id();
    if (acceptor.equals(self)) {
      try {
        Answer voted = own.ask(self, attempt, question);
        Thread.startVirtualThread(() -> answer.accept(voted));
      } catch (DcmException refused) {
        LOG.error("this peer's own vote is refused: {}", refused.sentence());
      }
      return;
    }
    Thread.startVirtualThread(() -> askOther(attempt, acceptor, question, answer));
  }

  private void askOther(
      Attempt attempt, PeerId acceptor, Question question, Consumer<Answer> answer) {
    try {
      DecisionClient client = peers.decisions(acceptor);
      answer.accept(client.ask(attempt, question, PATIENCE));
    } catch (DcmException unheard) {
      LOG.info("{} gives no vote on {}: {}", peers.name(acceptor), attempt, unheard.sentence());
    }
  }
}
