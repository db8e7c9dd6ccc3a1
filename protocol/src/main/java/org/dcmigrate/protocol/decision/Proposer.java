package org.dcmigrate.protocol.decision;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.dcmigrate.protocol.PeerId;

/**
 * One peer's attempt at having the decision made: asks for promises, then for votes, and counts.
 *
 * <p>In each phase the proposer's own acceptor is asked first, and nobody else before it has
 * agreed, which it does on disk: so no ballot is used twice, not even after a restart.
 *
 * <p>The caller's duties: (1) every {@link #questions()} goes out at the beginning, when there are
 * {@linkplain #asksMoreThan more} of them, and again from time to time; (2) a new ballot after a
 * while when {@link #refused()}.
 *
 * @param free what is proposed where nothing was accepted
 * @param vote what is asked for in this ballot; absent while promises are collected
 * @param promises who has promised, and what it had accepted
 * @param votes who has accepted
 * @param seen the highest ballot that an acceptor has named
 */
public record Proposer(
    PeerId self,
    Electorate electorate,
    Choice free,
    long ballot,
    Optional<Vote> vote,
    Map<PeerId, Optional<Vote>> promises,
    Set<PeerId> votes,
    long seen) {
  public Proposer {
    promises = new LinkedHashMap<>(promises);
    votes = new LinkedHashSet<>(votes);
  }

  /** The destination's first ballot: the grant has made asking for promises needless. */
  public static Proposer granted(Electorate electorate) {
    PeerId self = electorate.destination();
    boolean voter = electorate.acceptors().contains(self);
    return new Proposer(
        self,
        electorate,
        Choice.DESTINATION,
        Vote.GRANTED.ballot(),
        Optional.of(Vote.GRANTED),
        Map.of(),
        voter ? Set.of(self) : Set.of(),
        Vote.GRANTED.ballot());
  }

  /**
   * The source's first ballot.
   *
   * @param free what it proposes where nothing was accepted: the destination has the only copy when
   *     the source has lost its own
   */
  public static Proposer recovering(Electorate electorate, Choice free) {
    return ballot(electorate.source(), electorate, free, -1);
  }

  /** The same, but proposing another choice where nothing was accepted and none is proposed yet. */
  public Proposer preferring(Choice other) {
    return new Proposer(self, electorate, other, ballot, vote, promises, votes, seen);
  }

  /** The next ballot, above all that were seen. */
  public Proposer next() {
    return ballot(self, electorate, free, Math.max(seen, ballot));
  }

  private static Proposer ballot(PeerId self, Electorate electorate, Choice free, long above) {
    long ballot = electorate.nextBallot(self, above);
    return new Proposer(
        self, electorate, free, ballot, Optional.empty(), Map.of(), Set.of(), ballot);
  }

  /** Whom to ask what: this peer itself, then all others; nobody who has answered. */
  public Map<PeerId, Question> questions() {
    Question question =
        vote.isPresent() ? new Question.Accept(vote.get()) : new Question.Promise(ballot);
    Set<PeerId> answered = vote.isPresent() ? votes : promises.keySet();
    if (electorate.acceptors().contains(self) && !answered.contains(self)) {
      return Map.of(self, question);
    }
    Map<PeerId, Question> questions = new LinkedHashMap<>();
    for (PeerId peer : electorate.acceptors()) {
      if (!answered.contains(peer)) {
        questions.put(peer, question);
      }
    }
    return questions;
  }

  /** Whether there are questions that this proposer did not have before. */
  public boolean asksMoreThan(Proposer before) {
    return !before.questions().entrySet().containsAll(questions().entrySet());
  }

  /** The proposer after an answer; the same one where the answer is to an earlier ballot. */
  public Proposer answered(PeerId from, Answer answer) {
    if (!electorate.acceptors().contains(from) || answer.ballot() != ballot) {
      return this;
    }
    return switch (answer) {
      case Answer.Promised promised when vote.isEmpty() -> promised(from, promised.accepted());
      case Answer.Promised late -> this;
      case Answer.Accepted accepted when vote.isPresent() -> {
        Set<PeerId> more = new LinkedHashSet<>(votes);
        more.add(from);
        yield new Proposer(self, electorate, free, ballot, vote, promises, more, seen);
      }
      case Answer.Accepted odd -> this;
      case Answer.Refused refused ->
          new Proposer(
              self,
              electorate,
              free,
              ballot,
              vote,
              promises,
              votes,
              Math.max(seen, refused.promised()));
    };
  }

  private Proposer promised(PeerId from, Optional<Vote> accepted) {
    Map<PeerId, Optional<Vote>> more = new LinkedHashMap<>(promises);
    more.put(from, accepted);
    Optional<Vote> proposal = Optional.empty();
    // Its own promise tells what it proposed in this ballot before a restart.
    boolean own = more.containsKey(self) || !electorate.acceptors().contains(self);
    if (own && more.size() >= electorate.quorum()) {
      Choice bound =
          more.values().stream()
              .flatMap(Optional::stream)
              .max(Comparator.comparingLong(Vote::ballot))
              .map(Vote::choice)
              .orElse(free);
      proposal = Optional.of(new Vote(ballot, bound));
    }
    return new Proposer(self, electorate, free, ballot, proposal, more, votes, seen);
  }

  /** Whether somebody has promised a higher ballot: this one may never come to an end. */
  public boolean refused() {
    return seen > ballot;
  }

  /** What is decided, as far as this peer knows. */
  public Optional<Choice> decided() {
    return votes.size() >= electorate.quorum() ? vote.map(Vote::choice) : Optional.empty();
  }
}
