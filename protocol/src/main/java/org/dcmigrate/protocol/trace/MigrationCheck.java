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

  /** In these a source has made the grant of its epoch. */
  private static final Set<String> GRANTED = Set.of("Committing", "InDoubt", "Committed", "Ended");

  /** In these a holder is no destination. */
  private static final Set<String> NO_DESTINATION =
      Set.of("Detached", "Relaying", "Drained", "RelayFailed", "Forgotten");

  private final boolean whole;
  private final Resolutions resolutions = new Resolutions();
  private final Votes votes = new Votes();
  private final List<Located> sourceEnds = new ArrayList<>();
  private final Map<Long, Located> grants = new HashMap<>();
  // By peer: the step in which it came to own the guest, unless it gave the guest up again.
  private final Map<String, Located> owners = new LinkedHashMap<>();
  private final Set<String> running = new HashSet<>();
  private final List<Located> answered = new ArrayList<>();
  // What a peer did by a step that it was killed in, before it told of it.
  private final List<Located> recovered = new ArrayList<>();
  private final List<Located> grantsTaken = new ArrayList<>();
  private final Map<String, Long> forgottenAt = new HashMap<>();
  private final List<Located> risen = new ArrayList<>();
  private final List<Located> abandoned = new ArrayList<>();
  private final Set<Long> attempts = new HashSet<>();
  private final List<Located> reopened = new ArrayList<>();
  private final Map<String, Located> lastOfHolders = new HashMap<>();
  private Optional<Located> lastOfSource = Optional.empty();

  /**
   * @param whole whether nothing is missing that another peer's trace builds upon
   */
  MigrationCheck(boolean whole) {
    this.whole = whole;
  }

  void take(Located at) {
    resolutions.take(at);
    switch (at.event().transition().role()) {
      case SOURCE -> source(at);
      case HOLDER -> holder(at);
      case VOTER -> votes.take(at);
    }
  }

  private void source(Located at) {
    Transition step = at.event().transition();
    if (step.event().equals(Transition.RECOVERED)
        && step.next().equals("Ended")
        && isIn(lastOfSource, "Committing", "InDoubt", "Committed")) {
      recovered.add(at);
    }
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
    Optional<Located> before = Optional.ofNullable(lastOfHolders.put(peer, at));
    boolean comesToOwn = step.next().equals("Owned") && !step.state().equals("Owned");
    if (comesToOwn
        && step.event().equals(Transition.RECOVERED)
        && before.isPresent()
        && !isIn(before, "Owned")) {
      recovered.add(at);
    }
    boolean taken = step.next().equals("Deciding") || step.next().equals("Owned");
    if (taken && forgottenAt.getOrDefault(peer, 0L) >= step.epoch()) {
      risen.add(at);
    }
    boolean had = Set.of("Deciding", "Owned").contains(step.state());
    if (taken && !had) {
      grantsTaken.add(at);
    }
    if (step.next().equals("Owned")) {
      owners.putIfAbsent(peer, at);
      if (step.event().equals("Resumed")) {
        running.add(peer);
      }
    }
    if (step.next().equals("Forgotten")) {
      if (step.event().equals(Transition.RECOVERED) && running.contains(peer)) {
        abandoned.add(at);
      }
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
    votes.check(this::voters, resolutions, findings);
    resolutions.check(findings);
    for (Located answer : answered) {
      admitted(answer, findings);
      decided(answer, findings);
    }
    recovered.forEach(step -> decided(step, findings));
    for (Located again : reopened) {
      findings.found(
          again,
          "DCM-RDR-001",
          "epoch %d was tried before".formatted(again.event().transition().epoch()));
    }
    for (Located owner : abandoned) {
      findings.found(owner, "DCM-REC-004", "forgets a guest that ran here before the restart");
    }
    for (Located again : risen) {
      findings.found(
          again, "DCM-DSK-003", "a peer that had forgotten this epoch takes the guest after all");
    }
  }

  /** But where the operator has given it to one side, and has the other one fenced. */
  private void oneOwner(Findings findings) {
    // One whose guest has not run yet may have given it up after the end of its trace.
    Map<String, Located> claims = new LinkedHashMap<>(owners);
    claims.keySet().retainAll(running);
    for (Located end : sourceEnds) {
      if (!isCompleted(end)) {
        claims.putIfAbsent(end.event().peer(), end);
      }
    }
    List<Located> all = List.copyOf(claims.values());
    for (int one = 0; one < all.size(); one++) {
      for (int other = one + 1; other < all.size(); other++) {
        if (!mayBothHave(all.get(one), all.get(other))) {
          findings.found(
              all.get(other),
              "DCM-DSK-004",
              "%s has the guest, and so has %s (%s)"
                  .formatted(
                      all.get(other).event().peer(),
                      all.get(one).event().peer(),
                      all.get(one).where()));
        }
      }
    }
  }

  /** No word of the operator's is about two holders. */
  private boolean mayBothHave(Located holder, Located source) {
    return holder.event().transition().role() == Role.HOLDER
        && source.event().transition().role() == Role.SOURCE
        && resolutions.excuse(holder.event().peer());
  }

  private static long epochOf(Located at) {
    return at.event().transition().epoch();
  }

  /** Unless the operator says so, a migration completes only where its owner says so. */
  private void completed(Located end, Findings findings) {
    Transition step = end.event().transition();
    Optional<String> owner = fact(end, Fact.OWNER);
    boolean heard =
        step.event().equals("Running")
            || (recovered.contains(end) && isCompleted(end) && !resolutions.areFor("DESTINATION"));
    if (heard && owner.isPresent() && isDenied(owner.get(), end)) {
      findings.found(
          end, "DCM-SWO-011", "completed, but " + owner.get() + " has not come to own the guest");
    }
  }

  private boolean isDenied(String owner, Located end) {
    Optional<Located> last = Optional.ofNullable(lastOfHolders.get(owner));
    boolean elsewhere =
        last.stream()
            .filter(at -> epochOf(at) >= epochOf(end))
            .anyMatch(at -> NO_DESTINATION.contains(at.event().transition().next()));
    return !owners.containsKey(owner) && (whole || elsewhere);
  }

  private static boolean isCompleted(Located end) {
    return fact(end, Fact.RESULT).equals(Optional.of("COMPLETED"));
  }

  private void granted(Located taken, Findings findings) {
    long epoch = taken.event().transition().epoch();
    Optional<Located> grant = Optional.ofNullable(grants.get(epoch));
    boolean given =
        grant.isPresent()
            && fact(grant.get(), Fact.DESTINATION).equals(Optional.of(taken.event().peer()));
    // A trace of the source that ends before does not say.
    boolean told =
        whole
            || lastOfSource.stream()
                .anyMatch(last -> GRANTED.contains(last.event().transition().next()));
    if (told && !given) {
      findings.found(
          taken,
          "DCM-DSK-001",
          "has the grant of epoch %d, which the source has not made to it".formatted(epoch));
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
  private void decided(Located at, Findings findings) {
    Optional<String> choice = actedOn(at);
    Optional<Located> grant = grantOf(at);
    if (choice.isEmpty() || grant.isEmpty() || mayBeDecided(grant.get(), choice.get())) {
      return;
    }
    boolean mayBeRefused =
        at.event().transition().role() == Role.SOURCE
            && recovered.contains(at)
            && mayHaveRefused(grant.get());
    if (!mayBeRefused) {
      findings.found(
          at,
          "DCM-DEC-001",
          "takes it for decided that the %s has the guest, without a majority in one ballot"
              .formatted(choice.get().toLowerCase(Locale.ROOT)));
    }
  }

  private Optional<String> actedOn(Located at) {
    Transition step = at.event().transition();
    return switch (step.role()) {
      case SOURCE ->
          switch (step.next()) {
            case "Committed" -> Optional.of("DESTINATION");
            case "Ended" -> {
              // It may have heard of the owner before it was killed; see completed.
              boolean heard = isCompleted(at) && recovered.contains(at);
              yield heard
                  ? Optional.empty()
                  : Optional.of(isCompleted(at) ? "DESTINATION" : "SOURCE");
            }
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
  }

  /** A source makes one grant, in whatever epoch it is afterwards. */
  private Optional<Located> grantOf(Located at) {
    Transition step = at.event().transition();
    return step.role() == Role.SOURCE
        ? grants.values().stream().findFirst()
        : Optional.ofNullable(grants.get(step.epoch()));
  }

  /** Whether the destination has given the grant up, or may have after the end of its trace. */
  private boolean mayHaveRefused(Located grant) {
    Optional<String> destination = fact(grant, Fact.DESTINATION);
    long epoch = grant.event().transition().epoch();
    return destination.isPresent()
        && (whole
            ? forgottenAt.getOrDefault(destination.get(), 0L) >= epoch
            : !running.contains(destination.get()));
  }

  /** By votes that are known, and those that may stand in traces that are missing or end before. */
  private boolean mayBeDecided(Located grant, String choice) {
    Set<String> voters = voters(grant);
    long epoch = grant.event().transition().epoch();
    Set<String> known = new HashSet<>(voters);
    known.removeIf(voter -> !whole && !hasTold(voter, epoch));
    long unknown = (long) voters.size() - known.size();
    return resolutions.areFor(choice)
        || votes.most(epoch, known, choice) + unknown >= Votes.quorum(voters);
  }

  private static boolean isIn(Optional<Located> last, String... states) {
    return last.stream().anyMatch(at -> List.of(states).contains(at.event().transition().next()));
  }

  /** Whether all votes are known that a peer cast before the migration ended. */
  private boolean hasTold(String voter, long epoch) {
    return votes.hasEnded(voter, epoch)
        || isIn(lastOfSource.filter(last -> last.event().peer().equals(voter)), "Ended");
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
