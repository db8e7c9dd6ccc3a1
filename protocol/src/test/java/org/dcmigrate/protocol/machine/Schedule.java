package org.dcmigrate.protocol.machine;

import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.machine.Network.Fault;
import org.dcmigrate.protocol.machine.SourceState.Result;
import org.dcmigrate.protocol.machine.WorldGuest.Power;
import org.dcmigrate.protocol.machine.WorldHolder.Weakness;

/**
 * One schedule of the simulation, drawn from a seed: source, holders, witness and two operators
 * over a network and disks that fail. The invariants hold after every step.
 *
 * <p>Five schedules of eight are free: redirects, cancels, writes, kills, restarts, cut links,
 * lost, late and repeated messages, crashes before any output (and so before and after each
 * message) and in any write to a journal at each {@link Disk.Moment}, and an operator who resolves,
 * with the other side fenced. Then all trouble ends but for the fence, and the migration must come
 * to a named end with nobody holding pages but the owner.
 *
 * <p>Two have a witness and one failure for ever, somewhere from the switchover on: a peer is dead,
 * or a link is cut. Without its coming back a guest must run, and nobody who is left may stay in
 * doubt.
 *
 * <p>The eighth has trouble from the switchover on, and an operator who resolves.
 */
final class Schedule {
  private static final int MOST_ACTIONS = 40;
  private static final long HEALING_MS = 30_000;
  private static final long SINGLE_FAILURE_MS = 10_000;
  private static final List<String> HOLDERS = List.of("A", "B", "C");
  private static final List<String> PEERS = List.of("S", "A", "B", "C");
  private static final int PAGES = 8;

  private final World world;
  private final SplittableRandom random;
  private String ending = "";

  private Schedule(Machines machines, long seed, boolean logging) {
    world = new World(machines, PAGES, logging, "A", "B", "C");
    random = new SplittableRandom(seed);
  }

  /**
   * Runs one.
   *
   * @throws AssertionError with the rule that was broken
   */
  static Schedule run(Machines machines, long seed, boolean logging) {
    Schedule schedule = new Schedule(machines, seed, logging);
    try {
      switch ((int) (seed % 8)) {
        case 0, 4 -> schedule.singleFailure();
        case 2 -> schedule.resolved();
        default -> schedule.free();
      }
    } catch (AssertionError | RuntimeException broken) {
      schedule.world.log(schedule.world.source().id(), "BROKEN " + broken);
      throw new Broken(schedule, broken);
    }
    return schedule;
  }

  /** A rule was broken. */
  static final class Broken extends AssertionError {
    private static final long serialVersionUID = 1L;
    private final transient Schedule schedule;

    Broken(Schedule schedule, Throwable cause) {
      super(String.valueOf(cause.getMessage()), cause);
      this.schedule = schedule;
    }

    List<String> log() {
      return schedule.world.log();
    }
  }

  World world() {
    return world;
  }

  /** How it ended, in one or two words. */
  String ending() {
    return ending;
  }

  // ---- Free schedules.

  private void free() {
    begin();
    int actions = random.nextInt(1, MOST_ACTIONS);
    for (int action = 0; action < actions; action++) {
      act();
      world.runFor(random.nextInt(3) == 0 ? random.nextInt(60) : random.nextInt(6));
    }
    end();
  }

  private void begin() {
    if (random.nextInt(3) == 0) {
      world.migrate("A", pick(HOLDERS));
    } else {
      world.migrate("A");
    }
  }

  private void end() {
    world.heal();
    world.runWhile(() -> !world.hasEnded(), HEALING_MS);
    world.mustHaveEnded();
    ending = endingOfFree();
  }

  private String endingOfFree() {
    if (world.resolution().isPresent()) {
      return "resolved for the " + world.resolution().get().name().toLowerCase(Locale.ROOT);
    }
    boolean granted =
        world.source().journal().stream().anyMatch(SourceRecord.Granted.class::isInstance);
    boolean redirected =
        world.source().operatorAnswers().stream()
            .anyMatch(SourceOutput.RedirectDone.class::isInstance);
    return switch (world.result()) {
      case Result.Completed completed -> redirected ? "completed, redirected" : "completed, plain";
      case Result.Cancelled cancelled -> "cancelled";
      case Result.Failed failed -> granted ? "failed after the grant" : "failed before the grant";
    };
  }

  private void act() {
    String holder = pick(HOLDERS);
    String peer = pick(PEERS);
    switch (random.nextInt(50)) {
      case 0, 1, 2, 3 -> world.redirect(pick(PEERS));
      case 4 -> {
        // Two operators at once.
        world.redirect(holder);
        if (random.nextInt(4) == 0) {
          world.cancel();
        } else {
          world.redirect(pick(HOLDERS));
        }
      }
      case 40, 41, 42, 43, 44, 45 -> world.redirect(holder);
      case 5 -> {
        if (random.nextInt(3) == 0) {
          world.cancel();
        }
      }
      case 6, 7 -> {
        if (world.alive(peer)) {
          world.kill(peer);
        }
      }
      case 8, 9, 10 -> {
        if (!world.alive(peer) && !world.isFenced(peer)) {
          world.restart(peer);
        }
      }
      case 11 -> world.crashBefore(peer, random.nextInt(1, 12));
      case 12, 13 -> world.crashAtWrite(peer, random.nextInt(1, 4), moment());
      case 14 -> cut(peer, holder);
      case 15, 16 -> {
        if (!peer.equals(holder)) {
          world.mend(peer, holder);
        }
      }
      case 17, 18, 19 -> planFault("S", holder);
      case 20 -> planFault(pick(HOLDERS), pick(PEERS));
      case 21 -> toggle(holder, pick(List.of(Weakness.values())));
      case 22 -> world.holder(holder).corrupt(random.nextInt(PAGES));
      case 23 -> world.source().letSealFail(random.nextInt(4) == 0);
      case 24 -> world.holder(holder).relay().slowDownTo(random.nextInt(1, 30));
      case 25 -> {
        if (random.nextInt(10) == 0) {
          Failure why = new Failure(Reason.GUEST_FAILED, "its stream broke");
          world.source().input(new SourceInput.GuestFailed(why));
        }
      }
      case 26, 27 ->
          world.resolveFenced(random.nextBoolean() ? "S" : holder, pick(List.of(Choice.values())));
      default -> world.write(random.nextInt(PAGES), random.nextInt(PAGES));
    }
  }

  private Disk.Moment moment() {
    return pick(List.of(Disk.Moment.values()));
  }

  private void cut(String one, String other) {
    if (one.equals(other)) {
      return;
    }
    switch (random.nextInt(3)) {
      case 0 -> world.cut(one, other);
      case 1 -> world.cutOneWay(one, other);
      default -> world.cutOneWay(other, one);
    }
  }

  private void planFault(String from, String to) {
    if (from.equals(to)) {
      return;
    }
    Fault fault = pick(List.of(Fault.values()));
    boolean rare = random.nextBoolean();
    world.plan(from, to, message -> !rare || isDecisive(message), fault);
  }

  private static boolean isDecisive(Message message) {
    return switch (message) {
      case Message.Ballot ballot -> true;
      case Message.Control control ->
          control.input() instanceof HolderInput.CommitArrived
              || control.input() instanceof HolderInput.PrepareArrived;
      default -> false;
    };
  }

  private void toggle(String holder, Weakness weakness) {
    if (!world.holder(holder).weaknesses().remove(weakness)) {
      world.holder(holder).weaknesses().add(weakness);
    }
  }

  // ---- Schedules in which the operator has to resolve.

  private void resolved() {
    begin();
    world.runUntilState("SwitchingOver");
    world.runFor(random.nextInt(12));
    if (random.nextBoolean()) {
      world.kill("A");
    } else {
      cut("S", "A");
    }
    String cutOff = pick(HOLDERS);
    world.cut("S", cutOff);
    world.cut("A", "A".equals(cutOff) ? "C" : cutOff);
    for (int patience = 0; patience < 20 && world.resolution().isEmpty(); patience++) {
      world.runFor(random.nextInt(500));
      if (random.nextInt(4) == 0 && !world.alive("A")) {
        world.restart("A");
      }
      world.resolveFenced(random.nextBoolean() ? "S" : "A", pick(List.of(Choice.values())));
    }
    for (int action = random.nextInt(8); action > 0; action--) {
      act();
      world.runFor(random.nextInt(200));
    }
    end();
  }

  // ---- One failure for ever.

  private void singleFailure() {
    String destination = "A";
    String witness = "C";
    world.migrate("A", "C");
    if (random.nextBoolean()) {
      world.runUntilSent(random.nextInt(1, PAGES));
      world.redirect("B");
      destination = "B";
    }
    world.runUntilState("SwitchingOver");
    world.runFor(random.nextInt(12));
    List<String> voters = List.of("S", destination, witness);
    String victim = pick(voters);
    String other = pick(voters);
    if (victim.equals(other)) {
      switch (random.nextInt(3)) {
        case 0 -> world.kill(victim);
        case 1 -> world.crashBefore(victim, random.nextInt(1, 6));
        default -> world.crashAtWrite(victim, random.nextInt(1, 4), moment());
      }
    } else {
      cut(victim, other);
    }
    String goal = destination;
    world.runWhile(() -> !isSettled(goal), SINGLE_FAILURE_MS);
    Invariants.require(
        isSettled(goal),
        "one failure, and after "
            + SINGLE_FAILURE_MS / 1000
            + " s the guest is "
            + world.source().guest().power()
            + " at S ("
            + world.source().state().map(Describe::source).orElse("dead")
            + ") and "
            + (world.holder(goal).guestRuns() ? "runs" : "does not run")
            + " at "
            + goal
            + " ("
            + world.holder(goal).state().map(Describe::holder).orElse("dead")
            + ")");
    ending =
        "one failure, "
            + (world.holder(goal).guestRuns() ? "runs at the destination" : endingAtSource(goal));
  }

  private String endingAtSource(String destination) {
    if (world.source().guest().power() == Power.RUNNING) {
      return "runs at the source";
    }
    return world.alive(destination) ? "stands still at a dead source" : "went with its owner";
  }

  /** The guest runs; or it went with a peer that owned it; and the source knows where it can. */
  private boolean isSettled(String destination) {
    WorldHolder holder = world.holder(destination);
    boolean granted =
        holder.journal().stream().anyMatch(HolderRecord.GrantedWith.class::isInstance);
    boolean wentDown = !holder.alive() && granted;
    boolean sourceDown = !world.source().alive();
    boolean runs =
        holder.guestRuns()
            || world.source().guest().power() == Power.RUNNING
            || wentDown
            || (sourceDown && !granted);
    boolean inDoubt =
        world.source().state().stream().anyMatch(SourceState.InDoubt.class::isInstance)
            || world.source().state().stream().anyMatch(SourceState.Committing.class::isInstance);
    boolean undecided =
        holder.alive() && holder.state().stream().anyMatch(HolderState.Deciding.class::isInstance);
    return runs && !inDoubt && !undecided;
  }

  private <T> T pick(List<T> from) {
    return from.get(random.nextInt(from.size()));
  }
}
