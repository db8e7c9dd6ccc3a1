package org.dcmigrate.protocol.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.machine.Network.Fault;
import org.dcmigrate.protocol.machine.SourceState.Result;
import org.dcmigrate.protocol.machine.WorldHolder.Weakness;
import org.junit.jupiter.api.Test;

/**
 * Random schedules of redirects, cancels, writes, kills, restarts, cut links and lost or late
 * messages. The invariants hold at every step; then all trouble ends, and the migration must come
 * to a named end with nobody holding pages but the owner. {@code -Ddcm.walk.seeds} sets how many,
 * {@code -Ddcm.walk.first} where to begin.
 */
class RandomWalkTest {
  private static final int SEEDS = Integer.getInteger("dcm.walk.seeds", 3000);
  private static final int FIRST = Integer.getInteger("dcm.walk.first", 1);
  private static final int MOST_ACTIONS = 40;
  private static final long HEALING_MS = 20_000;
  private static final List<String> HOLDERS = List.of("A", "B", "C");
  private static final List<String> PEERS = List.of("S", "A", "B", "C");
  private static final int PAGES = 8;

  @Test
  void everyScheduleComesToANamedEnd() {
    Map<String, Integer> reached = new TreeMap<>();
    for (int seed = FIRST; seed < FIRST + SEEDS; seed++) {
      World world = new World(PAGES, false, "A", "B", "C");
      try {
        walk(world, seed);
      } catch (AssertionError | RuntimeException broken) {
        fail("seed " + seed + ": " + broken.getMessage() + "\n" + logOf(seed), broken);
      }
      world
          .invariants()
          .reached()
          .forEach((state, count) -> reached.merge(state, count, Integer::sum));
      reached.merge(ending(world), 1, Integer::sum);
    }
    // A walk that reaches little proves little.
    if (SEEDS >= 1000) {
      assertThat(reached)
          .containsKeys(
              "Opening",
              "Transferring",
              "Redirecting",
              "Parked",
              "SwitchingOver",
              "Committing",
              "InDoubt",
              "Committed",
              "Ended");
      assertThat(reached.get("Completed, redirected")).isGreaterThan(SEEDS / 20);
      assertThat(reached.get("Failed after the grant")).isGreaterThan(SEEDS / 1000);
      assertThat(reached.get("Cancelled")).isGreaterThan(SEEDS / 100);
    }
  }

  private static String ending(World world) {
    List<SourceRecord> journal = world.source().journal();
    boolean granted = journal.stream().anyMatch(r -> r instanceof SourceRecord.Granted);
    boolean redirected =
        world.source().operatorAnswers().stream()
            .anyMatch(answer -> answer instanceof SourceOutput.RedirectDone);
    return switch (world.result()) {
      case Result.Completed completed -> redirected ? "Completed, redirected" : "Completed, plain";
      case Result.Cancelled cancelled -> "Cancelled";
      case Result.Failed failed -> granted ? "Failed after the grant" : "Failed before the grant";
    };
  }

  private static String logOf(int seed) {
    World world = new World(PAGES, true, "A", "B", "C");
    try {
      walk(world, seed);
    } catch (AssertionError | RuntimeException again) {
      world.log(world.source().id(), "BROKEN " + again);
    }
    return String.join("\n", world.log());
  }

  private static void walk(World world, int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    if (random.nextInt(3) == 0) {
      world.migrate("A", pick(HOLDERS, random));
    } else {
      world.migrate("A");
    }
    int actions = random.nextInt(1, MOST_ACTIONS);
    for (int action = 0; action < actions; action++) {
      act(world, random);
      world.runFor(random.nextInt(3) == 0 ? random.nextInt(60) : random.nextInt(6));
    }
    world.heal();
    world.runFor(HEALING_MS);
    world.mustHaveEnded();
  }

  private static void act(World world, SplittableRandom random) {
    String holder = pick(HOLDERS, random);
    String peer = pick(PEERS, random);
    switch (random.nextInt(50)) {
      case 0, 1, 2, 3, 4 -> world.redirect(pick(PEERS, random));
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
        if (!world.alive(peer)) {
          world.restart(peer);
        }
      }
      case 11, 12, 13 -> world.crashBefore(peer, random.nextInt(1, 12));
      case 14 -> {
        if (!peer.equals(holder)) {
          world.cut(peer, holder);
        }
      }
      case 15, 16 -> {
        if (!peer.equals(holder)) {
          world.mend(peer, holder);
        }
      }
      case 17, 18, 19 -> planFault(world, random, "S", holder);
      case 20 -> planFault(world, random, pick(HOLDERS, random), holder);
      case 21 -> toggle(world, holder, pick(List.of(Weakness.values()), random));
      case 22 -> world.holder(holder).corrupt(random.nextInt(PAGES));
      case 23 -> world.source().letSealFail(random.nextInt(4) == 0);
      case 24 -> world.holder(holder).relay().slowDownTo(random.nextInt(1, 30));
      case 25 -> {
        if (random.nextInt(10) == 0) {
          Failure why = new Failure(Reason.GUEST_FAILED, "its stream broke");
          world.source().input(new SourceInput.GuestFailed(why));
        }
      }
      default -> world.write(random.nextInt(PAGES), random.nextInt(PAGES));
    }
  }

  private static void planFault(World world, SplittableRandom random, String from, String to) {
    Fault fault = pick(List.of(Fault.values()), random);
    boolean rare = random.nextBoolean();
    world.plan(from, to, message -> !rare || isCommit(message), fault);
  }

  private static boolean isCommit(Message message) {
    return switch (message) {
      case Message.Ballot ballot -> true;
      case Message.Control control ->
          control.input() instanceof HolderInput.CommitArrived
              || control.input() instanceof HolderInput.PrepareArrived;
      default -> false;
    };
  }

  private static void toggle(World world, String holder, Weakness weakness) {
    if (!world.holder(holder).weaknesses().remove(weakness)) {
      world.holder(holder).weaknesses().add(weakness);
    }
  }

  private static <T> T pick(List<T> from, SplittableRandom random) {
    return from.get(random.nextInt(from.size()));
  }
}
