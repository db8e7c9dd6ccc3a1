package org.dcmigrate.protocol.trace;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.dcmigrate.protocol.trace.TraceCheck.Located;

/** The rules that hold between the machines of one migration. */
final class MigrationCheck {
  /** Is told what is broken. */
  interface Findings {
    void found(Located at, String clause, String sentence);
  }

  private record Vote(long epoch, String ballot, String choice) {}

  private record Seat(String peer, long epoch) {}

  /** In these a source has made the grant of its epoch. */
  private static final Set<String> GRANTED = Set.of("Committing", "InDoubt", "Committed", "Ended");

  /** In these a holder is no destination. */
  private static final Set<String> NO_DESTINATION =
      Set.of("Detached", "Relaying", "Drained", "RelayFailed", "Forgotten");

  private final List<Located> sourceEnds = new ArrayList<>();
  private final Map<Long, Located> grants = new HashMap<>();
  // By peer: the step in which it came to own the guest, unless it gave the guest up again.
  private final Map<String, Located> owners = new LinkedHashMap<>();
  private final Set<String> running = new HashSet<>();
  private final List<Located> answered = new ArrayList<>();
  private final List<Located> grantsTaken = new ArrayList<>();
  private final Map<Vote, Set<String>> votes = new HashMap<>();
  private final Map<Long, Located> lastVotings = new LinkedHashMap<>();
  private final Set<Seat> endedSeats = new HashSet<>();
  private final Map<String, Long> forgottenAt = new HashMap<>();
  private final List<Located> risen = new ArrayList<>();
  private final Set<Long> attempts = new HashSet<>();
  private final List<Located> reopened = new ArrayList<>();
  private final Map<String, Located> lastOfHolders = new HashMap<>();
  private Optional<Located> lastOfSource = Optional.empty();
  private boolean resolved;

  void take(Located at) {
    Transition step = at.event().transition();
    resolved |= isResolution(at) && !step.next().equals(step.state());
    resolved |= step.event().equals(Transition.RECOVERED) && mayHideResolution(at);
    switch (at.event().transition().role()) {
      case SOURCE -> source(at);
      case HOLDER -> holder(at);
      case VOTER -> voter(at);
    }
  }

  /** The operator's word is on disk, and the peer died before it told of the step. */
  private boolean mayHideResolution(Located recovered) {
    Transition step = recovered.event().transition();
    return switch (step.role()) {
      case SOURCE ->
          step.next().equals("Ended")
              && (isIn(lastOfSource, "InDoubt") || isIn(lastOfSource, "Committed"));
      case HOLDER ->
          !step.next().equals("Deciding")
              && isIn(Optional.ofNullable(lastOfHolders.get(recovered.event().peer())), "Deciding");
      case VOTER -> false;
    };
  }

  private void source(Located at) {
    Transition step = at.event().transition();
    lastOfSource = Optional.of(at);
    if (step.outputs().contains("journal AttemptOpened") && !attempts.add(step.epoch())) {
      reopened.add(at);
    }
    if (step.next().equals("Committing")) {
      grants.put(step.epoch(), at);
    }
    if (step.next().equals("Ended") && !step.state().equals("Ended")) {
      sourceEnds.add(at);
    }
    answered(at);
  }

  private void holder(Located at) {
    Transition step = at.event().transition();
    String peer = at.event().peer();
    lastOfHolders.put(peer, at);
    boolean taken = step.next().equals("Deciding") || step.next().equals("Owned");
    if (taken && forgottenAt.getOrDefault(peer, 0L) >= step.epoch()) {
      risen.add(at);
    }
    if (step.next().equals("Deciding") && !step.state().equals("Deciding")) {
      grantsTaken.add(at);
    }
    if (step.next().equals("Owned")) {
      owners.putIfAbsent(peer, at);
      if (step.event().equals("Resumed")) {
        running.add(peer);
      }
    }
    if (step.next().equals("Forgotten")) {
      forgottenAt.merge(peer, step.epoch(), Math::max);
      if (step.state().equals("Owned")) {
        owners.remove(peer);
        running.remove(peer);
      }
    }
    answered(at);
  }

  private void answered(Located at) {
    if (at.event().transition().event().equals("Answered")) {
      answered.add(at);
    }
  }

  private void voter(Located at) {
    Transition step = at.event().transition();
    if (step.next().equals("Ended")) {
      endedSeats.add(new Seat(at.event().peer(), step.epoch()));
      return;
    }
    Optional<String> ballot = fact(at, Fact.BALLOT);
    Optional<String> choice = fact(at, Fact.CHOICE);
    if (ballot.isPresent() && choice.isPresent()) {
      lastVotings.put(step.epoch(), at);
      votes
          .computeIfAbsent(
              new Vote(step.epoch(), ballot.get(), choice.get()), vote -> new HashSet<>())
          .add(at.event().peer());
    }
  }

  private static Optional<String> fact(Located at, Fact fact) {
    return Optional.ofNullable(at.event().transition().facts().get(fact));
  }

  void check(Findings findings) {
    oneOwner(findings);
    for (Located end : sourceEnds) {
      completed(end, findings);
    }
    for (Located taken : grantsTaken) {
      granted(taken, findings);
    }
    lastVotings.values().forEach(voting -> agreement(voting, findings));
    for (Located answer : answered) {
      admitted(answer, findings);
      decided(answer, findings);
    }
    for (Located again : reopened) {
      findings.found(
          again,
          "DCM-RDR-001",
          "epoch %d was tried before".formatted(again.event().transition().epoch()));
    }
    for (Located again : risen) {
      findings.found(
          again, "DCM-DSK-003", "a peer that had forgotten this epoch takes the guest after all");
    }
  }

  /** But where the operator has given it to one side, and has the other side off. */
  private void oneOwner(Findings findings) {
    // One whose guest has not run yet may have given it up after the end of its trace.
    Map<String, Located> claims = new LinkedHashMap<>(owners);
    claims.keySet().retainAll(running);
    for (Located end : sourceEnds) {
      if (!fact(end, Fact.RESULT).equals(Optional.of("COMPLETED"))) {
        claims.putIfAbsent(end.event().peer(), end);
      }
    }
    if (resolved) {
      return;
    }
    List<Located> all = List.copyOf(claims.values());
    for (Located second : all.subList(Math.min(1, all.size()), all.size())) {
      findings.found(
          second,
          "DCM-DSK-004",
          "%s has the guest, and so has %s (%s)"
              .formatted(
                  second.event().peer(), all.getFirst().event().peer(), all.getFirst().where()));
    }
  }

  private static long epochOf(Located at) {
    return at.event().transition().epoch();
  }

  private static boolean isResolution(Located at) {
    return at.event().transition().event().equals("ResolveAsked");
  }

  /** Unless the operator says so, a migration completes only where its owner says so. */
  private void completed(Located end, Findings findings) {
    Optional<String> owner = fact(end, Fact.OWNER);
    boolean heard = end.event().transition().event().equals("Running");
    boolean denied =
        owner
            .flatMap(peer -> Optional.ofNullable(lastOfHolders.get(peer)))
            .filter(last -> NO_DESTINATION.contains(last.event().transition().next()))
            .filter(last -> epochOf(last) >= epochOf(end))
            .isPresent();
    if (heard && denied && !owners.containsKey(owner.orElseThrow())) {
      findings.found(
          end,
          "DCM-SWO-011",
          "completed, but " + owner.orElseThrow() + " has not come to own the guest");
    }
  }

  private void granted(Located taken, Findings findings) {
    long epoch = taken.event().transition().epoch();
    Optional<Located> grant = Optional.ofNullable(grants.get(epoch));
    boolean given =
        grant.isPresent()
            && fact(grant.get(), Fact.DESTINATION).equals(Optional.of(taken.event().peer()));
    // A trace of the source that ends before does not say.
    boolean told =
        lastOfSource.stream().anyMatch(last -> GRANTED.contains(last.event().transition().next()));
    if (told && !given) {
      findings.found(
          taken,
          "DCM-DSK-001",
          "has the grant of epoch %d, which the source has not made to it".formatted(epoch));
    }
  }

  /** In one ballot all votes are for one choice; in all ballots together, all majorities are. */
  private void agreement(Located voting, Findings findings) {
    long epoch = voting.event().transition().epoch();
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
    Set<String> voters = voters(voting);
    if (!resolved
        && most(epoch, voters, "SOURCE") >= quorum(voters)
        && most(epoch, voters, "DESTINATION") >= quorum(voters)) {
      findings.found(voting, "DCM-DEC-007", "both choices have a majority, in different ballots");
    }
  }

  /** Whom nobody has asked for a vote, nobody has an answer of. */
  private void admitted(Located answer, Findings findings) {
    Optional<Located> grant = grantOf(answer);
    Optional<String> from = fact(answer, Fact.FROM);
    if (grant.isPresent() && from.isPresent() && !voters(grant.get()).contains(from.get())) {
      findings.found(
          answer, "DCM-DEC-008", "an answer of %s, which has no vote".formatted(from.get()));
    }
  }

  /** Whoever acts on a decision has a majority for it. */
  private void decided(Located answer, Findings findings) {
    Transition step = answer.event().transition();
    Optional<String> choice =
        switch (step.role()) {
          case SOURCE ->
              switch (step.next()) {
                case "Committed" -> Optional.of("DESTINATION");
                case "Ended" ->
                    Optional.of(
                        fact(answer, Fact.RESULT).equals(Optional.of("COMPLETED"))
                            ? "DESTINATION"
                            : "SOURCE");
                default -> Optional.empty();
              };
          case HOLDER ->
              switch (step.next()) {
                case "Owned" -> Optional.of("DESTINATION");
                case "Forgotten" -> Optional.of("SOURCE");
                default -> Optional.empty();
              };
          case VOTER -> Optional.empty();
        };
    Optional<Located> grant = grantOf(answer);
    if (choice.isPresent() && grant.isPresent() && !mayBeDecided(grant.get(), choice.get())) {
      findings.found(
          answer,
          "DCM-DEC-001",
          "takes it for decided that the %s has the guest, without a majority in one ballot"
              .formatted(choice.get().toLowerCase(Locale.ROOT)));
    }
  }

  private Optional<Located> grantOf(Located at) {
    return Optional.ofNullable(grants.get(at.event().transition().epoch()));
  }

  /**
   * By votes that are known, and those that may stand in traces that are missing or end before; or
   * by the operator.
   */
  private boolean mayBeDecided(Located grant, String choice) {
    if (resolved || !haveEnded(grant)) {
      return true;
    }
    Set<String> voters = voters(grant);
    long epoch = grant.event().transition().epoch();
    Set<String> known = new HashSet<>(voters);
    known.removeIf(voter -> !hasTold(voter, epoch));
    long unknown = (long) voters.size() - known.size();
    return most(epoch, known, choice) + unknown >= quorum(voters);
  }

  /** Whether no word of the operator can be missing in the traces of those to whom it is said. */
  private boolean haveEnded(Located grant) {
    Optional<Located> destination =
        fact(grant, Fact.DESTINATION).flatMap(peer -> Optional.ofNullable(lastOfHolders.get(peer)));
    return isIn(lastOfSource, "Ended")
        && (isIn(destination, "Owned") || isIn(destination, "Forgotten"));
  }

  private static boolean isIn(Optional<Located> last, String state) {
    return last.stream().anyMatch(at -> at.event().transition().next().equals(state));
  }

  /** Whether all votes are known that a peer cast before the migration ended. */
  private boolean hasTold(String voter, long epoch) {
    return endedSeats.contains(new Seat(voter, epoch))
        || isIn(lastOfSource.filter(last -> last.event().peer().equals(voter)), "Ended");
  }

  private long most(long epoch, Set<String> voters, String choice) {
    return votes.entrySet().stream()
        .filter(entry -> entry.getKey().epoch() == epoch)
        .filter(entry -> entry.getKey().choice().equals(choice))
        .mapToLong(entry -> entry.getValue().stream().filter(voters::contains).count())
        .max()
        .orElse(0);
  }

  private static int quorum(Set<String> voters) {
    return voters.size() / 2 + 1;
  }

  /** Those who have a vote, as a grant of the source or a step of a voter names them. */
  private Set<String> voters(Located at) {
    Set<String> voters = new HashSet<>();
    grantOf(at).or(() -> lastOfSource).ifPresent(source -> voters.add(source.event().peer()));
    fact(at, Fact.WITNESS)
        .ifPresent(
            witness -> {
              voters.add(witness);
              fact(at, Fact.DESTINATION).ifPresent(voters::add);
            });
    return voters;
  }
}
