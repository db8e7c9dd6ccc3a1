package org.dcmigrate.protocol.machine;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.decision.Electorate;
import org.dcmigrate.protocol.decision.Vote;
import org.dcmigrate.protocol.machine.SourceState.Committed;
import org.dcmigrate.protocol.machine.SourceState.Committing;
import org.dcmigrate.protocol.machine.SourceState.InDoubt;
import org.dcmigrate.protocol.machine.SourceState.SwitchingOver;
import org.dcmigrate.protocol.machine.WorldGuest.Power;

/** The rules that never bend, checked at every step of every peer. */
final class Invariants {
  private record Cast(PeerId acceptor, Vote vote) {}

  private final World world;
  private final Map<String, Integer> reached = new HashMap<>();
  private final Map<Long, Set<Cast>> votes = new TreeMap<>();
  private final Map<Long, Integer> quorums = new HashMap<>();
  private final Set<WorldHolder> fenced = new HashSet<>();
  private boolean sourceIsFenced;
  private boolean resolved;
  private boolean sourceGaveUp;

  Invariants(World world) {
    this.world = world;
  }

  /** How often the source entered each state. */
  Map<String, Integer> reached() {
    return reached;
  }

  void reached(SourceState state) {
    reached.merge(state.getClass().getSimpleName(), 1, Integer::sum);
  }

  /** A vote is on disk: whatever was decided before stays decided. */
  void voted(long epoch, Electorate electorate, PeerId acceptor, Vote vote) {
    votes.computeIfAbsent(epoch, e -> new LinkedHashSet<>()).add(new Cast(acceptor, vote));
    quorums.put(epoch, electorate.quorum());
    require(resolved || decided(epoch).size() <= 1, "both choices are decided: " + votes);
  }

  /**
   * The operator decides, and says that the other side is fenced: a guest that is owned there
   * already never runs again, and nobody else comes to own it any more.
   */
  void resolved(Choice choice) {
    resolved = true;
    if (choice == Choice.SOURCE) {
      world.holders().stream().filter(Invariants::owns).forEach(fenced::add);
    } else {
      sourceGaveUp = true;
      sourceIsFenced = world.source().guest().power() == Power.RUNNING;
    }
  }

  private Set<Choice> decided(long epoch) {
    Map<Vote, Long> counts =
        votes.getOrDefault(epoch, Set.of()).stream()
            .collect(Collectors.groupingBy(Cast::vote, Collectors.counting()));
    return counts.entrySet().stream()
        .filter(count -> count.getValue() >= quorums.get(epoch))
        .map(count -> count.getKey().choice())
        .collect(Collectors.toSet());
  }

  /** The source runs the guest after a grant only if decided so, or given up by the destination. */
  private void grantHasEnded() {
    for (SourceRecord record : world.source().journal()) {
      if (record instanceof SourceRecord.Granted granted && !resolved) {
        boolean givenUp =
            world.holder(granted.to().uri()).journal().stream()
                .anyMatch(r -> r instanceof HolderRecord.Forgot && r.epoch() >= granted.epoch());
        require(
            givenUp || decided(granted.epoch()).contains(Choice.SOURCE),
            "the guest runs at the source after a grant that nothing has ended: " + votes);
      }
    }
  }

  /** The grant is on disk before the commit is sent, and the guest is sealed. */
  void committing(SourceOutput.Commit commit) {
    require(
        world.source().journal().stream()
            .anyMatch(
                record ->
                    record.equals(
                        new SourceRecord.Granted(
                            commit.epoch(), commit.to(), commit.memoryDigest(), commit.witness()))),
        "a commit without a grant on disk");
  }

  /** Rules 1 and 3, at the moment that a destination sets the guest running. */
  void resuming(WorldHolder holder) {
    WorldGuest guest = world.source().guest();
    require(owns(holder), holder.id() + " resumes a guest that it does not own");
    long epoch = holder.journal().getLast().epoch();
    require(
        resolved || decided(epoch).contains(Choice.DESTINATION),
        holder.id() + " resumes a guest, and it is not decided so: " + votes);
    require(guest.power() == Power.SEALED, "the guest at the source is " + guest.power());
    for (int page = 0; page < guest.pageCount(); page++) {
      Version held = holder.pages().getOrDefault(page, new Version(0, -1));
      require(held.content() == guest.content(page), "page " + page + " differs at the resumption");
    }
  }

  /** Rules 1, 2 and 5. */
  void always() {
    WorldGuest guest = world.source().guest();
    List<WorldHolder> free =
        world.holders().stream().filter(holder -> !fenced.contains(holder)).toList();
    long running = free.stream().filter(WorldHolder::guestRuns).count();
    long owners = free.stream().filter(Invariants::owns).count();
    require(owners <= 1, "more than one owner");
    if (guest.power() == Power.RUNNING && !sourceIsFenced) {
      require(running == 0 && owners == 0, "the guest runs at the source, and another owns it");
      grantHasEnded();
    }
    require(running <= 1, "the guest runs at two destinations");
    if (guest.power() == Power.QUIT && !sourceGaveUp) {
      require(owners == 1, "the source has ended the guest, and nobody owns it");
    }
    for (WorldHolder holder : world.holders()) {
      require(
          !owns(holder) || holder.pages().size() == guest.pageCount(),
          "the owner lacks a part of memory");
    }
    if (world.source().alive() && world.source().state().isPresent()) {
      guestStandsStillOnlyForSwitchover(world.source().state().get(), guest);
    }
  }

  private void guestStandsStillOnlyForSwitchover(SourceState state, WorldGuest guest) {
    boolean maySeal =
        state instanceof Committing
            || state instanceof InDoubt
            || state instanceof Committed
            || state instanceof SwitchingOver
            || state instanceof SourceState.Ended;
    require(guest.power() != Power.SEALED || maySeal, "the guest is sealed in " + state);
    require(
        guest.power() != Power.STOPPED || maySeal || world.source().sender().stopPending(),
        "the guest stands still in " + state);
  }

  static boolean owns(WorldHolder holder) {
    return !holder.journal().isEmpty()
        && holder.journal().getLast() instanceof HolderRecord.OwnedWith;
  }

  static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new AssertionError(otherwise);
    }
  }
}
