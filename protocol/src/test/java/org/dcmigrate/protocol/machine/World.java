package org.dcmigrate.protocol.machine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.machine.SourceState.Ended;
import org.dcmigrate.protocol.machine.SourceState.Result;
import org.dcmigrate.protocol.machine.WorldGuest.Power;
import org.dcmigrate.protocol.trace.TraceCheck;
import org.dcmigrate.protocol.trace.TraceEvent;
import org.dcmigrate.protocol.trace.Transition;

/**
 * One source S and some holders: the real machines over a network, disks, guests and pages that are
 * simulated, in virtual time. A script tells it what happens; it logs what the peers do about it.
 */
final class World {
  private static final PeerId SOURCE = new PeerId("S");
  private static final String MIGRATION = new UUID(0, 0).toString();
  private static final long PARKED_MS = 1000;
  private static final long LONGEST_WAIT_MS = 20_000;

  private final Agenda agenda = new Agenda();
  private final Network network = new Network(agenda, peer -> kill(peer.uri()));
  private final Invariants invariants = new Invariants(this);
  private final Map<PeerId, WorldHolder> holders = new LinkedHashMap<>();
  private final Map<PeerId, Integer> crashes = new HashMap<>();
  private final List<String> log = new ArrayList<>();
  private final List<TraceCheck.Located> trace = new ArrayList<>();
  private final Map<UUID, Long> numbers = new HashMap<>();
  private final Machines machines;
  private final boolean logging;
  private final WorldSource source;
  private Optional<Resolution> resolution = Optional.empty();

  /** The operator has said at this peer who gets the guest that was granted. */
  private record Resolution(String at, Choice choice, SourceRecord.Granted grant) {}

  World(int pageCount, boolean logging, String... holderNames) {
    this(Machines.REAL, pageCount, logging, holderNames);
  }

  World(Machines machines, int pageCount, boolean logging, String... holderNames) {
    this.machines = machines;
    this.logging = logging;
    this.source = new WorldSource(this, SOURCE, pageCount);
    network.add(source);
    for (String name : holderNames) {
      WorldHolder holder = new WorldHolder(this, new PeerId(name));
      holders.put(holder.id(), holder);
      network.add(holder);
    }
  }

  Agenda agenda() {
    return agenda;
  }

  Network network() {
    return network;
  }

  Machines machines() {
    return machines;
  }

  Invariants invariants() {
    return invariants;
  }

  WorldSource source() {
    return source;
  }

  Collection<WorldHolder> holders() {
    return holders.values();
  }

  WorldHolder holder(String name) {
    return Optional.ofNullable(holders.get(new PeerId(name))).orElseThrow();
  }

  void log(PeerId peer, String what) {
    if (logging) {
      log.add(String.format("%5d %s %s", agenda.nowMs(), peer, what));
    }
  }

  List<String> log() {
    return Collections.unmodifiableList(log);
  }

  /** A line of the script in the log. */
  private void script(String what) {
    if (logging) {
      log.add(String.format("%5d * %s", agenda.nowMs(), what));
    }
  }

  /** Carries outputs out one by one; a crash that was planned comes between two of them. */
  <T> void carryOut(
      Network.Callee peer, Transition step, List<T> outputs, int endOfRecords, Consumer<T> how) {
    int done = 0;
    for (T output : outputs) {
      int left = crashes.merge(peer.id(), -1, Integer::sum);
      if (left == -1) {
        crashes.remove(peer.id());
      } else if (left == 0) {
        kill(peer.id().uri());
        return;
      }
      if (done == endOfRecords) {
        stepped(peer, step);
      }
      done++;
      try {
        how.accept(output);
      } catch (Disk.Crash crash) {
        kill(peer.id().uri());
        return;
      }
    }
    if (done == endOfRecords) {
      stepped(peer, step);
    }
    if (peer.disk().isDying()) {
      kill(peer.id().uri());
    }
  }

  /** A line of the peer's trace: what it wrote is on disk. */
  void stepped(Network.Callee peer, Transition step) {
    if (logging && step.telling()) {
      UUID life = new UUID(peer.id().hashCode(), peer.life());
      long number = numbers.merge(life, 1L, Long::sum);
      TraceEvent event =
          new TraceEvent(
              "1970-01-01T00:00:%02dZ".formatted(agenda.nowMs() / 1000 % 60),
              peer.id().uri(),
              life.toString(),
              number,
              MIGRATION,
              step);
      trace.add(new TraceCheck.Located(peer.id() + " " + number, event));
    }
  }

  /** What the peers' traces have. */
  List<TraceCheck.Located> trace() {
    return Collections.unmodifiableList(trace);
  }

  // ---- What a script can do.

  void migrate(String to) {
    source.start(new PeerId(to), Optional.empty(), PARKED_MS);
  }

  void migrate(String to, String witness) {
    source.start(new PeerId(to), Optional.of(new PeerId(witness)), PARKED_MS);
  }

  /** The operator decides at a peer that is in doubt. */
  void resolve(String peer, Choice choice) {
    if (peer.equals(SOURCE.uri())) {
      SourceState state = source.state().orElseThrow();
      if (state instanceof SourceState.InDoubt || state instanceof SourceState.Committed) {
        invariants.resolved(choice);
      }
      source.input(new SourceInput.ResolveAsked(choice));
    } else {
      if (holder(peer).state().orElseThrow() instanceof HolderState.Deciding) {
        invariants.resolved(choice);
      }
      holder(peer).input(new HolderInput.ResolveAsked(choice));
    }
  }

  /**
   * The operator asks for a resolution. Where that is taken, it has the other side off before, and
   * neither takes the guest from where it runs nor ends it where the other side may still give it
   * up; that much it does once.
   */
  void resolveFenced(String at, Choice choice) {
    boolean atSource = at.equals(SOURCE.uri());
    if (atSource ? source.state().isEmpty() : holder(at).state().isEmpty()) {
      return;
    }
    boolean taken =
        atSource
            ? source.state().get() instanceof SourceState.InDoubt
                || source.state().get() instanceof SourceState.Committed
            : holder(at).state().get() instanceof HolderState.Deciding;
    if (taken) {
      SourceRecord.Granted grant =
          source.journal().stream()
              .filter(SourceRecord.Granted.class::isInstance)
              .map(SourceRecord.Granted.class::cast)
              .findFirst()
              .orElseThrow();
      String other = atSource ? grant.to().uri() : SOURCE.uri();
      if (resolution.isPresent() || !mayGive(at, choice, holder(grant.to().uri()))) {
        return;
      }
      // A crash that was planned comes after the record.
      crashes.computeIfPresent(new PeerId(at), (peer, left) -> Math.max(left, 2));
      disk(at).crashNoMore();
      resolution = Optional.of(new Resolution(at, choice, grant));
      if (atSource == (choice == Choice.SOURCE) && alive(other)) {
        kill(other);
      }
    }
    script("the operator resolves at " + at + " for the " + choice);
    resolve(at, choice);
  }

  private boolean mayGive(String at, Choice choice, WorldHolder destination) {
    boolean sealed = source.guest().power() == Power.SEALED;
    if (at.equals(SOURCE.uri())) {
      return choice == Choice.SOURCE ? sealed : destination.guestRuns();
    }
    return choice == Choice.SOURCE || sealed;
  }

  /**
   * Whether the operator keeps a peer off: the source as long as the destination owns the guest by
   * the operator's word, the destination if it owns the guest, or until the witness has heard who
   * does.
   */
  boolean isFenced(String peer) {
    return resolution.stream().anyMatch(resolved -> isFenced(resolved, peer));
  }

  private boolean isFenced(Resolution resolved, String peer) {
    boolean atSource = resolved.at().equals(SOURCE.uri());
    String destination = resolved.grant().to().uri();
    boolean owns = Invariants.owns(holder(destination));
    if (resolved.choice() == Choice.DESTINATION) {
      return !atSource && peer.equals(SOURCE.uri()) && owns;
    }
    boolean unheard =
        resolved
            .grant()
            .witness()
            .filter(witness -> !holder(witness.uri()).hasHeard(resolved.grant().epoch()))
            .isPresent();
    return atSource && peer.equals(destination) && (owns || unheard);
  }

  /** Whether the operator took the guest from an owner, which is off for good. */
  boolean isOwnerFenced() {
    return holders.values().stream()
        .anyMatch(holder -> Invariants.owns(holder) && isFenced(holder.id().uri()));
  }

  /** For whom the operator has resolved. */
  Optional<Choice> resolution() {
    return resolution.map(Resolution::choice);
  }

  void redirect(String to) {
    source.input(new SourceInput.RedirectAsked(new PeerId(to)));
  }

  void cancel() {
    source.input(new SourceInput.CancelAsked());
  }

  /** The guest writes pages. */
  void write(int... pages) {
    script("the guest writes " + Arrays.toString(pages));
    for (int page : pages) {
      source.guest().write(page);
    }
  }

  void kill(String peer) {
    crashes.remove(new PeerId(peer));
    script(peer + " is killed");
    if (peer.equals(SOURCE.uri())) {
      source.kill();
    } else {
      holder(peer).kill();
    }
  }

  void restart(String peer) {
    script(peer + " is restarted");
    if (peer.equals(SOURCE.uri())) {
      source.restart();
    } else {
      holder(peer).restart();
    }
    invariants.always();
  }

  boolean alive(String peer) {
    return peer.equals(SOURCE.uri()) ? source.alive() : holder(peer).alive();
  }

  /** Kills a peer before it carries out one of its next outputs, 1: the very next one. */
  void crashBefore(String peer, int output) {
    crashes.put(new PeerId(peer), output);
  }

  /** Kills a peer in one of its next writes, 1: the very next one. */
  void crashAtWrite(String peer, int write, Disk.Moment moment) {
    disk(peer).crashAt(write, moment);
  }

  private Disk<?> disk(String peer) {
    return peer.equals(SOURCE.uri()) ? source.disk() : holder(peer).disk();
  }

  void cut(String one, String other) {
    script("the link " + one + "-" + other + " is cut");
    network.cut(new PeerId(one), new PeerId(other));
  }

  void cutOneWay(String from, String to) {
    script("the link " + from + " to " + to + " is cut");
    network.cutOneWay(new PeerId(from), new PeerId(to));
  }

  void mend(String one, String other) {
    script("the link " + one + "-" + other + " is mended");
    network.mend(new PeerId(one), new PeerId(other));
  }

  void plan(String from, String to, Predicate<Message> which, Network.Fault fault) {
    network.plan(new PeerId(from), new PeerId(to), which, fault);
  }

  void runFor(long ms) {
    long latestMs = agenda.nowMs() + ms;
    while (agenda.stepUntil(latestMs)) {
      invariants.always();
    }
  }

  /** Runs as long as this holds, but not longer than so long. */
  void runWhile(BooleanSupplier holds, long mostMs) {
    long latestMs = agenda.nowMs() + mostMs;
    while (holds.getAsBoolean() && agenda.stepUntil(latestMs)) {
      invariants.always();
    }
  }

  void runUntil(BooleanSupplier reached) {
    long latestMs = agenda.nowMs() + LONGEST_WAIT_MS;
    while (!reached.getAsBoolean()) {
      if (!agenda.stepUntil(latestMs)) {
        throw new AssertionError(
            "not reached in time; the source is in " + source.state().map(Describe::source));
      }
      invariants.always();
    }
  }

  void runUntilState(String beginning) {
    runUntil(
        () ->
            source.state().map(Describe::source).filter(s -> s.startsWith(beginning)).isPresent());
  }

  void runUntilSent(int pages) {
    runUntil(() -> source.sender().sentPages() >= pages);
  }

  /** Runs to the end of the migration, and until everybody has forgotten it. */
  void finish() {
    runUntilState("Ended");
    runUntil(this::forgotten);
    mustHaveEnded();
    script(
        "over: the source sent "
            + source.sender().sentPages()
            + " pages, the operator was told "
            + source.operatorAnswers());
  }

  // ---- What a test can ask.

  Result result() {
    if (source.state().isPresent() && source.state().get() instanceof Ended ended) {
      return ended.result();
    }
    throw new AssertionError("the migration has not ended, but is in " + source.state());
  }

  /** Whether the migration has ended and nobody holds a page but the owner. */
  boolean hasEnded() {
    return (isFenced(SOURCE.uri())
            ? runsAtDestination()
            : source.state().isPresent() && source.state().get() instanceof Ended)
        && forgotten();
  }

  private boolean runsAtDestination() {
    return holders.values().stream().anyMatch(holder -> holder.alive() && holder.guestRuns());
  }

  /** Ends all trouble, but for what the operator has fenced. */
  void heal() {
    network.heal();
    crashes.clear();
    source.disk().crashNoMore();
    holders.values().forEach(holder -> holder.disk().crashNoMore());
    source.letSealFail(false);
    holders.values().forEach(holder -> holder.weaknesses().clear());
    bringBack();
    agenda.every(100, this::bringBack);
  }

  /** Those that are dead; and an owner whose guest nobody else can have resumed any more. */
  private void bringBack() {
    if (!source.alive() && !isFenced(SOURCE.uri())) {
      restart(SOURCE.uri());
    }
    for (WorldHolder holder : holders.values()) {
      boolean stands =
          isFenced(SOURCE.uri())
              && holder.alive()
              && Invariants.owns(holder)
              && !holder.guestRuns();
      if (stands) {
        kill(holder.id().uri());
      }
      if (!holder.alive() && !isFenced(holder.id().uri())) {
        restart(holder.id().uri());
      }
    }
  }

  /** The migration has a named end, the guest runs at its owner, and nobody else holds a page. */
  void mustHaveEnded() {
    Invariants.require(forgotten(), "somebody still holds pages");
    if (isFenced(SOURCE.uri())) {
      Invariants.require(runsAtDestination(), "resolved for the destination, and it runs no guest");
      return;
    }
    Power power = source.guest().power();
    switch (result()) {
      case Result.Completed completed -> {
        Invariants.require(power == Power.QUIT, "completed, but the guest at S is " + power);
        Invariants.require(
            holder(completed.owner().uri()).guestRuns(), completed.owner() + " runs no guest");
      }
      case Result.Cancelled cancelled ->
          Invariants.require(power == Power.RUNNING, "cancelled, but the guest at S is " + power);
      case Result.Failed failed ->
          Invariants.require(power == Power.RUNNING, "failed, but the guest at S is " + power);
    }
  }

  private boolean forgotten() {
    return holders.values().stream()
        .allMatch(
            holder ->
                Invariants.owns(holder)
                    || holdsNothing(holder)
                    || (!holder.alive() && isFenced(holder.id().uri())));
  }

  private static boolean holdsNothing(WorldHolder holder) {
    return holder.pages().isEmpty()
        && holder.state().stream().allMatch(state -> state instanceof HolderState.Forgotten);
  }
}
