package org.dcmigrate.protocol.machine;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.machine.Message.Chunk;
import org.dcmigrate.protocol.machine.Message.Control;
import org.dcmigrate.protocol.machine.Message.Reply;
import org.dcmigrate.protocol.machine.WorldGuest.Power;

/**
 * The source's data plane: numbers the versions of pages, splits the work between source and
 * contributors, sends one page a millisecond.
 */
final class SourceSender {
  private final World world;
  private final WorldSource source;
  private final WorldGuest guest;
  private final int[] generations;
  private final TreeSet<Integer> queue = new TreeSet<>();
  private final Map<PeerId, Set<Integer>> owed = new LinkedHashMap<>();
  private boolean sending;
  private boolean stopReported = true;
  private boolean reconciling;
  private boolean repairing;
  private long epoch;
  private PeerId to;
  private int run;
  private int inFlight;
  private int sentPages;

  SourceSender(World world, WorldSource source) {
    this.world = world;
    this.source = source;
    this.guest = source.guest();
    this.generations = new int[guest.pageCount()];
    this.to = source.id();
  }

  PeerId destination() {
    return to;
  }

  int sentPages() {
    return sentPages;
  }

  /** Whether the guest stands still and the machine is going to hear of it. */
  boolean stopPending() {
    return !stopReported;
  }

  void start(SourceOutput.StartTransfer plan, Map<PeerId, Map<Integer, Version>> inventories) {
    begin(plan);
    ask(
        new Control(new HolderInput.TransferAsked(epoch, source.id())),
        admitted ->
            ask(
                new Control(new HolderInput.InventoryAsked(epoch)),
                ok -> {
                  split(plan.contributors(), ok.held(), inventories);
                  pump(run);
                }));
  }

  private void begin(SourceOutput.StartTransfer plan) {
    run++;
    sending = true;
    reconciling = false;
    repairing = false;
    epoch = plan.epoch();
    to = plan.to();
    inFlight = 0;
    queue.clear();
    owed.clear();
  }

  private void split(
      List<PeerId> contributors,
      Map<Integer, Version> held,
      Map<PeerId, Map<Integer, Version>> inventories) {
    contributors.forEach(peer -> owed.put(peer, new TreeSet<>()));
    for (int page = 0; page < generations.length; page++) {
      if (needs(held, page)) {
        relayOrQueue(contributors, inventories, page);
      }
    }
    owed.forEach((peer, pages) -> source.relay(epoch, peer, Set.copyOf(pages)));
  }

  private void relayOrQueue(
      List<PeerId> contributors, Map<PeerId, Map<Integer, Version>> inventories, int page) {
    PeerId best = source.id();
    int least = Integer.MAX_VALUE;
    for (PeerId peer : contributors) {
      Map<Integer, Version> inventory = inventories.getOrDefault(peer, Map.of());
      int burden = pagesOwedBy(peer).size();
      if (generation(inventory, page) == generations[page] && burden < least) {
        best = peer;
        least = burden;
      }
    }
    if (best.equals(source.id())) {
      queue.add(page);
    } else {
      pagesOwedBy(best).add(page);
    }
  }

  /** Whether a version was numbered that this inventory lacks, and no newer one comes anyway. */
  private boolean needs(Map<Integer, Version> held, int page) {
    return generation(held, page) < generations[page] && !guest.isPending(page);
  }

  private static int generation(Map<Integer, Version> held, int page) {
    return held.getOrDefault(page, new Version(0, 0)).generation();
  }

  private Set<Integer> pagesOwedBy(PeerId peer) {
    return owed.getOrDefault(peer, new TreeSet<>());
  }

  void reconcile(long forEpoch, List<PeerId> relaying) {
    owed.keySet().retainAll(relaying);
    ask(
        new Control(new HolderInput.InventoryAsked(forEpoch)),
        ok -> {
          for (int page = 0; page < generations.length; page++) {
            int missing = page;
            boolean comes = owed.values().stream().anyMatch(pages -> pages.contains(missing));
            if (needs(ok.held(), page) && !comes) {
              queue.add(page);
            }
          }
          reconciling = true;
        });
  }

  /** The destination has cut the transfer in order to verify: a new one for what differs. */
  void repair(long forEpoch) {
    ask(
        new Control(new HolderInput.TransferAsked(forEpoch, source.id())),
        admitted ->
            ask(new Control(new HolderInput.InventoryAsked(forEpoch)), ok -> resend(ok.held())));
  }

  private void resend(Map<Integer, Version> inventory) {
    for (int page = 0; page < generations.length; page++) {
      Version held = inventory.getOrDefault(page, new Version(0, 0));
      if (held.content() != guest.content(page)) {
        queue.add(page);
      }
    }
    repairing = true;
  }

  /** Sends nothing any more. A stop that nobody was told yet is told now. */
  void stop(long ofEpoch) {
    if (!sending || ofEpoch != epoch) {
      return;
    }
    end();
    if (!stopReported) {
      source.later(0, this::reportStop);
    }
  }

  void end() {
    sending = false;
    run++;
  }

  private void pump(int mine) {
    if (mine != run || !source.alive()) {
      return;
    }
    if (guest.wantsToStop() && queue.isEmpty()) {
      guest.stop();
      stopReported = false;
      world.log(source.id(), "   the guest stops");
    }
    OptionalInt next = queue.isEmpty() ? guest.emit() : OptionalInt.of(queue.removeFirst());
    if (next.isPresent()) {
      send(next.getAsInt());
    } else if (inFlight == 0) {
      report();
    }
    source.later(1, () -> pump(mine));
  }

  private void report() {
    long now = epoch;
    if (reconciling) {
      reconciling = false;
      source.input(new SourceInput.Reconciled(now));
    } else if (repairing) {
      repairing = false;
      source.input(new SourceInput.Repaired(now));
    } else if (guest.power() == Power.STOPPED && !stopReported) {
      reportStop();
    }
  }

  private void reportStop() {
    stopReported = true;
    source.input(new SourceInput.GuestStopped(epoch));
  }

  private void send(int page) {
    Version version = new Version(++generations[page], guest.content(page));
    world.log(source.id(), "~> " + to + " page " + page + " g" + version.generation());
    sentPages++;
    inFlight++;
    Map<PeerId, Set<Integer>> superseded = new LinkedHashMap<>(owed);
    superseded.values().removeIf(pages -> !pages.contains(page));
    for (PeerId peer : superseded.keySet()) {
      pagesOwedBy(peer).remove(page);
      source.skip(epoch, peer, page);
    }
    ask(new Chunk(epoch, page, version), ok -> inFlight--);
  }

  /** Asks the destination; one that refuses or is silent is lost. */
  private void ask(Message message, Consumer<Reply.Ok> onOk) {
    int mine = run;
    long now = epoch;
    world
        .network()
        .call(
            source,
            to,
            message,
            reply -> {
              if (mine != run) {
                return;
              }
              switch (reply) {
                case Reply.Ok ok -> onOk.accept(ok);
                case Reply.Refused refused -> lost(now, refused.failure());
                case Reply.Lost lost -> lost(now, lost.failure());
                default -> throw new AssertionError(reply);
              }
            });
  }

  private void lost(long now, Failure failure) {
    source.input(new SourceInput.DestinationLost(now, failure));
  }
}
