package org.dcmigrate.protocol.machine;

import static org.dcmigrate.protocol.machine.Invariants.require;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.decision.Electorate;
import org.dcmigrate.protocol.decision.Vote;
import org.dcmigrate.protocol.machine.Product.Cast;
import org.dcmigrate.protocol.machine.Product.Guest;
import org.dcmigrate.protocol.machine.Product.HolderPeer;
import org.dcmigrate.protocol.machine.Product.Resolution;
import org.dcmigrate.protocol.machine.SourceState.Committed;
import org.dcmigrate.protocol.machine.SourceState.Committing;
import org.dcmigrate.protocol.machine.SourceState.Ended;
import org.dcmigrate.protocol.machine.SourceState.Grant;
import org.dcmigrate.protocol.machine.SourceState.InDoubt;
import org.dcmigrate.protocol.machine.SourceState.Result;
import org.dcmigrate.protocol.machine.SourceState.SwitchingOver;
import org.dcmigrate.protocol.machine.WorldGuest.Power;

/** The rules that hold in every product, after every output; and what a good end is. */
final class ProductRules {
  private ProductRules() {}

  static void always(Turn turn) {
    Power power = turn.source().power();
    Optional<Resolution> resolution = turn.remaining().resolution();
    List<TurnHolder> holders =
        turn.holders().stream().filter(holder -> !isFencedOwner(resolution, holder)).toList();
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
        require(
            resolution.isPresent() || decided.size() <= 1,
            "both choices are decided: " + turn.casts());
        if (power == Power.RUNNING || (power == Power.LOST && isTakenBack(turn))) {
          require(
              resolution.isPresent()
                  || decided.contains(Choice.SOURCE)
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
    boolean givenUp = resolution.stream().anyMatch(r -> r.is(Product.S, Choice.DESTINATION));
    if (power == Power.QUIT && !givenUp) {
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
    if (power == Power.LOST && turn.source().state().isPresent()) {
      require(
          switch (turn.source().state().get()) {
            case Committing committing -> committing.guestLost();
            case InDoubt doubt -> doubt.proposer().free() == Choice.DESTINATION;
            default -> true;
          },
          "the source has lost its guest, and would have it");
    }
  }

  /** It owned the guest when the operator gave it to the source: it never runs again. */
  private static boolean isFencedOwner(Optional<Resolution> resolution, TurnHolder holder) {
    return resolution.stream().anyMatch(r -> r.is(Product.S, Choice.SOURCE))
        && !holder.alive()
        && holder.owns();
  }

  private static boolean isTakenBack(Turn turn) {
    return turn.source().state().stream()
        .anyMatch(
            state -> state instanceof Ended ended && !(ended.result() instanceof Result.Completed));
  }

  /** At the moment that a destination sets the guest running. */
  static void resuming(Turn turn, TurnHolder holder) {
    require(holder.owns(), holder.id() + " resumes a guest that it does not own");
    long epoch = holder.journal().getLast().epoch();
    boolean resolved =
        turn.remaining().resolution().stream()
            .anyMatch(resolution -> resolution.choice() == Choice.DESTINATION);
    require(
        turn.source().journal().stream()
            .anyMatch(
                record ->
                    record instanceof SourceRecord.Granted granted
                        && granted.epoch() == epoch
                        && (resolved
                            || decided(turn.casts(), granted).contains(Choice.DESTINATION))),
        holder.id() + " resumes a guest, and it is not decided so");
    require(
        holder.guestRuns()
            || turn.source().power() == Power.SEALED
            || turn.source().power() == Power.LOST,
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
   * Why a migration may not stay like this for ever, where it may not: each peer that is alive is
   * done, or waits for dead ones without which nothing can be decided; and the guest runs, or is
   * with a dead peer. Where dead peers come back, those that are dead in an end are fenced.
   */
  static Optional<String> badEnd(Product end) {
    for (PeerId id : List.of(Product.A, Product.B)) {
      HolderPeer holder = end.holder(id);
      if (holder.alive() && !isDone(holder) && !waits(end, holder) && !isKept(end)) {
        return Optional.of(id + " still holds pages");
      }
    }
    if (end.source().alive() && !end.source().journal().isEmpty()) {
      SourceState state = end.source().state().orElseThrow();
      if (state instanceof Ended ended) {
        Optional<String> bad = badResult(end, ended.result());
        if (bad.isPresent()) {
          return bad;
        }
      } else if (!waits(end, state)) {
        return Optional.of("the migration has not ended, but is " + state);
      }
    }
    return expect(runsSomewhere(end) || isWithTheDead(end) || isLost(end), "nobody runs the guest");
  }

  private static boolean isDone(HolderPeer holder) {
    return holder.owns() ? holder.guest() == Product.Guest.RUNNING : holder.holdsNothing();
  }

  /** Without its grant's majority a destination waits. */
  private static boolean waits(Product end, HolderPeer holder) {
    return holder.state().stream()
        .anyMatch(
            state ->
                switch (state) {
                  case HolderState.Deciding deciding ->
                      !hasMajority(end, deciding.proposer().electorate());
                  default -> false;
                });
  }

  /** A source that waits goes on renewing leases, so that nothing is lost meanwhile. */
  private static boolean isKept(Product end) {
    return end.source().alive() && end.source().state().filter(now -> waits(end, now)).isPresent();
  }

  /** The source waits for a majority, or for the owner. */
  private static boolean waits(Product end, SourceState state) {
    return switch (state) {
      case Committing committing -> !hasMajority(end, electorate(committing.grant()));
      case InDoubt doubt -> !hasMajority(end, electorate(doubt.grant()));
      case Committed committed -> !end.alive(committed.grant().to());
      default -> false;
    };
  }

  private static Electorate electorate(Grant grant) {
    return new Electorate(Product.S, grant.to(), grant.witness());
  }

  private static boolean hasMajority(Product end, Electorate electorate) {
    return electorate.acceptors().stream().filter(end::alive).count() >= electorate.quorum();
  }

  private static Optional<String> badResult(Product end, Result result) {
    Power power = end.source().power();
    return switch (result) {
      case Result.Completed completed ->
          expect(
              power == Power.QUIT && end.holder(completed.owner()).guest() == Guest.RUNNING,
              "completed, and " + completed.owner() + " runs no guest");
      case Result.Cancelled cancelled ->
          expect(power == Power.RUNNING, "cancelled, and the guest stands still");
      case Result.Failed failed ->
          expect(
              power == Power.RUNNING || power == Power.LOST, "failed, and the guest stands still");
    };
  }

  private static boolean runsSomewhere(Product product) {
    return (product.source().alive() && product.source().power() == Power.RUNNING)
        || Stream.of(product.a(), product.b())
            .anyMatch(holder -> holder.alive() && holder.guest() == Guest.RUNNING);
  }

  private static boolean isWithTheDead(Product end) {
    return (!end.source().alive() && end.source().power() != Power.QUIT)
        || Stream.of(end.a(), end.b())
            .anyMatch(holder -> !holder.alive() && (holder.owns() || holder.granted()));
  }

  /** The source lost it after the grant, and the destination had lost its copy, too. */
  private static boolean isLost(Product end) {
    return end.source().power() == Power.LOST;
  }

  private static Optional<String> expect(boolean holds, String otherwise) {
    return holds ? Optional.empty() : Optional.of(otherwise);
  }
}
