package org.dcmigrate.protocol.trace;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.dcmigrate.protocol.trace.TraceCheck.Located;

/** The votes that the traces of one migration tell of. */
final class Votes {
  private record Vote(long epoch, String ballot, String choice) {}

  private record Seat(String peer, long epoch) {}

  private final Map<Vote, Set<String>> votes = new HashMap<>();
  private final Map<Long, Located> lastVotings = new LinkedHashMap<>();
  private final Set<Seat> endedSeats = new HashSet<>();

  void take(Located at) {
    Transition step = at.event().transition();
    if (step.next().equals("Ended")) {
      endedSeats.add(new Seat(at.event().peer(), step.epoch()));
      return;
    }
    Optional<String> ballot = Optional.ofNullable(step.facts().get(Fact.BALLOT));
    Optional<String> choice = Optional.ofNullable(step.facts().get(Fact.CHOICE));
    if (ballot.isPresent() && choice.isPresent()) {
      lastVotings.put(step.epoch(), at);
      votes
          .computeIfAbsent(
              new Vote(step.epoch(), ballot.get(), choice.get()), vote -> new HashSet<>())
          .add(at.event().peer());
    }
  }

  /** In one ballot all votes are for one choice; in all ballots together, all majorities are. */
  void check(
      Function<Located, Set<String>> votersOf,
      Resolutions resolutions,
      MigrationCheck.Findings findings) {
    lastVotings.forEach(
        (epoch, voting) -> {
          inOneBallot(epoch, voting, findings);
          Set<String> voters = votersOf.apply(voting);
          // One who was told the owner by the operator answers with that, whatever was decided.
          if (resolutions.isEmpty()
              && most(epoch, voters, "SOURCE") >= quorum(voters)
              && most(epoch, voters, "DESTINATION") >= quorum(voters)) {
            findings.found(
                voting, "DCM-DEC-007", "both choices have a majority, in different ballots");
          }
        });
  }

  private void inOneBallot(long epoch, Located voting, MigrationCheck.Findings findings) {
    for (Vote vote : votes.keySet()) {
      boolean both =
          vote.epoch() == epoch
              && vote.choice().equals("SOURCE")
              && votes.containsKey(new Vote(epoch, vote.ballot(), "DESTINATION"));
      if (both) {
        findings.found(
            voting, "DCM-DEC-007", "ballot %s has votes for both choices".formatted(vote.ballot()));
      }
    }
  }

  /** Whether a seat has ended, so that nothing more comes of it. */
  boolean hasEnded(String voter, long epoch) {
    return endedSeats.contains(new Seat(voter, epoch));
  }

  /** How many of these have voted for a choice in the ballot in which most of them have. */
  long most(long epoch, Set<String> voters, String choice) {
    return votes.entrySet().stream()
        .filter(entry -> entry.getKey().epoch() == epoch)
        .filter(entry -> entry.getKey().choice().equals(choice))
        .mapToLong(entry -> entry.getValue().stream().filter(voters::contains).count())
        .max()
        .orElse(0);
  }

  static int quorum(Set<String> voters) {
    return voters.size() / 2 + 1;
  }
}
