package org.dcmigrate.protocol.machine;

import static org.dcmigrate.protocol.machine.Invariants.require;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.decision.Vote;
import org.dcmigrate.protocol.machine.Product.Cast;
import org.dcmigrate.protocol.machine.Product.HolderPeer;
import org.dcmigrate.protocol.machine.SourceState.Committed;
import org.dcmigrate.protocol.machine.SourceState.Committing;
import org.dcmigrate.protocol.machine.SourceState.Ended;
import org.dcmigrate.protocol.machine.SourceState.InDoubt;
import org.dcmigrate.protocol.machine.SourceState.Result;
import org.dcmigrate.protocol.machine.SourceState.SwitchingOver;
import org.dcmigrate.protocol.machine.WorldGuest.Power;

/** The rules that hold in every product, after every output; and what a good end is. */
final class ProductRules {
  private ProductRules() {}

  static void always(Turn turn) {
    Power power = turn.source().power();
    List<TurnHolder> holders = turn.holders();
    long running = holders.stream().filter(TurnHolder::guestRuns).count();
    long owners = holders.stream().filter(TurnHolder::owns).count();
    require(owners <= 1, "more than one owner");
    require(running <= 1, "the guest runs at two destinations");
    for (TurnHolder holder : holders) {
      require(!holder.guestRuns() || holder.owns(), holder.id() + " runs what it does not own");
    }
    for (SourceRecord record : turn.source().journal()) {
      if (record instanceof SourceRecord.Granted granted) {
        Set<Choice> decided = decided(turn.casts(), granted);
        require(decided.size() <= 1, "both choices are decided: " + turn.casts());
        if (power == Power.RUNNING) {
          require(
              decided.contains(Choice.SOURCE)
                  || turn.holder(granted.to()).journal().stream()
                      .anyMatch(
                          r -> r instanceof HolderRecord.Forgot && r.epoch() >= granted.epoch()),
              "the guest runs at the source after a grant that nothing has ended");
        }
      }
    }
    if (power == Power.RUNNING) {
      require(running == 0 && owners == 0, "the guest runs at the source, and another owns it");
    }
    if (power == Power.QUIT) {
      require(owners == 1, "the source has ended the guest, and nobody owns it");
    }
    if (power == Power.SEALED && turn.source().state().isPresent()) {
      SourceState state = turn.source().state().get();
      require(
          state instanceof SwitchingOver
              || state instanceof Committing
              || state instanceof InDoubt
              || state instanceof Committed
              || state instanceof Ended,
          "the guest is sealed in " + state);
    }
  }

  /** At the moment that a destination sets the guest running. */
  static void resuming(Turn turn, TurnHolder holder) {
    require(holder.owns(), holder.id() + " resumes a guest that it does not own");
    long epoch = holder.journal().getLast().epoch();
    require(
        turn.source().journal().stream()
            .anyMatch(
                record ->
                    record instanceof SourceRecord.Granted granted
                        && granted.epoch() == epoch
                        && decided(turn.casts(), granted).contains(Choice.DESTINATION)),
        holder.id() + " resumes a guest, and it is not decided so");
    require(
        holder.guestRuns() || turn.source().power() == Power.SEALED,
        "a destination resumes the guest, and at the source it is " + turn.source().power());
  }

  private static Set<Choice> decided(Collection<Cast> casts, SourceRecord.Granted granted) {
    int quorum = granted.witness().isPresent() ? 2 : 1;
    Map<Vote, Set<PeerId>> voters = new HashMap<>();
    Set<Choice> decided = new TreeSet<>();
    for (Cast cast : casts) {
      if (cast.epoch() == granted.epoch()) {
        Set<PeerId> those =
            voters.computeIfAbsent(
                cast.vote(), v -> new TreeSet<>((a, b) -> a.uri().compareTo(b.uri())));
        those.add(cast.acceptor());
        if (those.size() >= quorum) {
          decided.add(cast.vote().choice());
        }
      }
    }
    return decided;
  }

  /**
   * Why this is no good end of a migration where nothing goes on any more. Where dead peers do not
   * come back, the guest may have gone with its owner.
   */
  static Optional<String> badEnd(Product end) {
    if (!end.source().alive() || !end.a().alive() || !end.b().alive()) {
      return badEndWithDead(end);
    }
    for (HolderPeer holder : List.of(end.a(), end.b())) {
      if (!holder.owns() && !holder.holdsNothing()) {
        return Optional.of("a peer still holds pages");
      }
    }
    if (end.source().journal().isEmpty()) {
      return expect(end.source().power() == Power.RUNNING, "the guest stands still");
    }
    return end.source().state().orElseThrow() instanceof Ended ended
        ? switch (ended.result()) {
          case Result.Completed completed ->
              expect(
                  end.source().power() == Power.QUIT
                      && end.holder(completed.owner()).guest() == Product.Guest.RUNNING,
                  "completed, and " + completed.owner() + " runs no guest");
          case Result.Cancelled cancelled ->
              expect(
                  end.source().power() == Power.RUNNING, "cancelled, and the guest stands still");
          case Result.Failed failed ->
              expect(end.source().power() == Power.RUNNING, "failed, and the guest stands still");
        }
        : Optional.of("the migration has not ended");
  }

  /** Whether a peer is dead, and all may stay as it is for as long as it is. */
  static boolean mayStay(Product product) {
    boolean anyDead = !product.source().alive() || !product.a().alive() || !product.b().alive();
    return anyDead && badEndWithDead(product).isEmpty();
  }

  private static Optional<String> badEndWithDead(Product end) {
    if (runsSomewhere(end)) {
      return Optional.empty();
    }
    boolean wentWithDestination =
        List.of(end.a(), end.b()).stream()
            .anyMatch(holder -> !holder.alive() && (holder.owns() || holder.granted()));
    // Without a witness the source alone votes, and a destination with the grant waits for it.
    boolean wentWithSource =
        !end.source().alive()
            && (end.source().grants().allMatch(granted -> granted.witness().isEmpty())
                || List.of(end.a(), end.b()).stream()
                    .noneMatch(holder -> holder.alive() && (holder.granted() || holder.owns())));
    return expect(
        wentWithDestination || wentWithSource, "one peer is dead, and nobody runs the guest");
  }

  private static boolean runsSomewhere(Product product) {
    return product.source().power() == Power.RUNNING
        || product.a().guest() == Product.Guest.RUNNING
        || product.b().guest() == Product.Guest.RUNNING;
  }

  private static Optional<String> expect(boolean holds, String otherwise) {
    return holds ? Optional.empty() : Optional.of(otherwise);
  }
}
