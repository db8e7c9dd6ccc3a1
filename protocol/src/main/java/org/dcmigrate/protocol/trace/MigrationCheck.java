package org.dcmigrate.protocol.trace;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
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

  private final List<Located> sourceEnds = new ArrayList<>();
  private final Map<Long, Located> grants = new HashMap<>();
  // By peer: the step in which it came to own the guest, unless it gave the guest up again.
  private final Map<String, Located> owners = new LinkedHashMap<>();
  private final List<Located> decidedByVotes = new ArrayList<>();
  private final List<Located> grantsTaken = new ArrayList<>();
  private final Map<Vote, Set<String>> votes = new HashMap<>();
  private final List<Located> votings = new ArrayList<>();
  private final Map<String, Long> forgottenAt = new HashMap<>();
  private final List<Located> risen = new ArrayList<>();
  private final Set<Long> attempts = new HashSet<>();
  private final List<Located> reopened = new ArrayList<>();
  private boolean sourceTraced;

  void take(Located at) {
    switch (at.event().transition().role()) {
      case SOURCE -> source(at);
      case HOLDER -> holder(at);
      case VOTER -> voter(at);
    }
  }

  private void source(Located at) {
    Transition step = at.event().transition();
    sourceTraced = true;
    if (step.outputs().contains("journal AttemptOpened") && !attempts.add(step.epoch())) {
      reopened.add(at);
    }
    if (step.next().equals("Committing")) {
      grants.put(step.epoch(), at);
    }
    if (step.next().equals("Ended") && !step.state().equals("Ended")) {
      sourceEnds.add(at);
    }
  }

  private void holder(Located at) {
    Transition step = at.event().transition();
    String peer = at.event().peer();
    boolean taken = step.next().equals("Deciding") || step.next().equals("Owned");
    if (taken && forgottenAt.getOrDefault(peer, 0L) >= step.epoch()) {
      risen.add(at);
    }
    if (step.next().equals("Deciding") && !step.state().equals("Deciding")) {
      grantsTaken.add(at);
    }
    if (step.next().equals("Owned")) {
      owners.putIfAbsent(peer, at);
      if (step.state().equals("Deciding") && step.event().equals("Answered")) {
        decidedByVotes.add(at);
      }
    }
    if (step.next().equals("Forgotten")) {
      forgottenAt.merge(peer, step.epoch(), Math::max);
      if (step.state().equals("Owned")) {
        owners.remove(peer);
      }
    }
  }

  private void voter(Located at) {
    Transition step = at.event().transition();
    Optional<String> ballot = fact(at, Fact.BALLOT);
    Optional<String> choice = fact(at, Fact.CHOICE);
    if (ballot.isPresent() && choice.isPresent() && !step.next().equals("Ended")) {
      votings.add(at);
      votes
          .computeIfAbsent(
              new Vote(step.epoch(), ballot.get(), choice.get()), vote -> new HashSet<>())
          .add(at.event().peer());
    }
  }

  private static Optional<String> fact(Located at, Fact fact) {
    return Optional.ofNullable(at.event().transition().facts().get(fact));
  }

  void check(Set<String> traced, Findings findings) {
    oneOwner(findings);
    for (Located end : sourceEnds) {
      completed(end, traced, findings);
    }
    for (Located taken : grantsTaken) {
      granted(taken, findings);
    }
    for (Located voting : votings) {
      agreement(voting, findings);
    }
    for (Located owned : decidedByVotes) {
      majority(owned, traced, findings);
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

  private void oneOwner(Findings findings) {
    Map<String, Located> claims = new LinkedHashMap<>(owners);
    for (Located end : sourceEnds) {
      if (!fact(end, Fact.RESULT).equals(Optional.of("COMPLETED"))) {
        claims.putIfAbsent(end.event().peer(), end);
      }
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

  /** Unless the operator says so, a migration completes only where its owner says so. */
  private void completed(Located end, Set<String> traced, Findings findings) {
    Optional<String> owner = fact(end, Fact.OWNER);
    boolean heard = end.event().transition().event().equals("Running");
    if (heard
        && owner.isPresent()
        && traced.contains(owner.get())
        && !owners.containsKey(owner.get())) {
      findings.found(
          end, "DCM-SWO-011", "completed, but " + owner.get() + " has not come to own the guest");
    }
  }

  private void granted(Located taken, Findings findings) {
    long epoch = taken.event().transition().epoch();
    Optional<Located> grant = Optional.ofNullable(grants.get(epoch));
    boolean given =
        grant.isPresent()
            && fact(grant.get(), Fact.DESTINATION).equals(Optional.of(taken.event().peer()));
    if (sourceTraced && !given) {
      findings.found(
          taken,
          "DCM-DSK-001",
          "has the grant of epoch %d, which the source has not made to it".formatted(epoch));
    }
  }

  private void agreement(Located voting, Findings findings) {
    String choice = fact(voting, Fact.CHOICE).orElseThrow();
    String other = choice.equals("SOURCE") ? "DESTINATION" : "SOURCE";
    String ballot = fact(voting, Fact.BALLOT).orElseThrow();
    if (votes.containsKey(new Vote(voting.event().transition().epoch(), ballot, other))) {
      findings.found(
          voting, "DCM-DEC-007", "ballot %s has votes for both choices".formatted(ballot));
    }
  }

  private void majority(Located owned, Set<String> traced, Findings findings) {
    long epoch = owned.event().transition().epoch();
    Optional<Located> grant = Optional.ofNullable(grants.get(epoch));
    if (grant.isEmpty()) {
      return;
    }
    Set<String> voters = new HashSet<>(Set.of(grant.get().event().peer()));
    fact(grant.get(), Fact.WITNESS)
        .ifPresent(
            witness -> {
              voters.add(witness);
              voters.add(owned.event().peer());
            });
    int quorum = voters.size() / 2 + 1;
    boolean decided =
        votes.entrySet().stream()
            .filter(entry -> entry.getKey().epoch() == epoch)
            .filter(entry -> entry.getKey().choice().equals("DESTINATION"))
            .anyMatch(
                entry -> entry.getValue().stream().filter(voters::contains).count() >= quorum);
    if (traced.containsAll(voters) && !decided) {
      findings.found(
          owned,
          "DCM-DEC-001",
          "owns the guest without %d of %d votes in one ballot".formatted(quorum, voters.size()));
    }
  }
}
