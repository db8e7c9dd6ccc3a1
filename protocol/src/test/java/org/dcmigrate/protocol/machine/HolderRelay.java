package org.dcmigrate.protocol.machine;

import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.machine.Message.Chunk;
import org.dcmigrate.protocol.machine.Message.Control;
import org.dcmigrate.protocol.machine.Message.Reply;

/** A contributor's data plane: relays page by page, in ascending order, at the generation held. */
final class HolderRelay {
  private final World world;
  private final WorldHolder holder;
  private final TreeSet<Integer> waiting = new TreeSet<>();
  private long periodMs = 1;
  private int run;
  private int inFlight;

  HolderRelay(World world, WorldHolder holder) {
    this.world = world;
    this.holder = holder;
  }

  void slowDownTo(long newPeriodMs) {
    periodMs = newPeriodMs;
  }

  void assign(Set<Integer> pages) {
    waiting.clear();
    waiting.addAll(pages);
    waiting.retainAll(holder.pages().keySet());
  }

  void skip(Set<Integer> pages) {
    waiting.removeAll(pages);
  }

  void stop() {
    run++;
  }

  void start(long epoch, PeerId to) {
    run++;
    inFlight = 0;
    int mine = run;
    call(
        to,
        new Control(new HolderInput.TransferAsked(epoch, holder.id())),
        epoch,
        mine,
        ok -> pump(epoch, to, mine));
  }

  private void pump(long epoch, PeerId to, int mine) {
    if (mine != run || !holder.alive()) {
      return;
    }
    if (waiting.isEmpty() && inFlight == 0) {
      run++;
      holder.input(new HolderInput.RelayFinished(epoch));
      return;
    }
    if (!waiting.isEmpty()) {
      send(epoch, to, mine, waiting.removeFirst());
    }
    world.agenda().in(periodMs, () -> pump(epoch, to, mine));
  }

  private void send(long epoch, PeerId to, int mine, int page) {
    Version version = holder.version(page);
    world.log(holder.id(), "~> " + to + " page " + page + " g" + version.generation());
    inFlight++;
    call(to, new Chunk(epoch, page, version), epoch, mine, ok -> inFlight--);
  }

  private void call(PeerId to, Message message, long epoch, int mine, Consumer<Reply.Ok> onOk) {
    world
        .network()
        .call(
            holder,
            to,
            message,
            reply -> {
              if (mine != run) {
                return;
              }
              switch (reply) {
                case Reply.Ok ok -> onOk.accept(ok);
                case Reply.Refused refused -> broke(epoch, refused.failure());
                case Reply.Lost lost -> broke(epoch, lost.failure());
                default -> throw new AssertionError(reply);
              }
            });
  }

  private void broke(long epoch, Failure why) {
    run++;
    holder.input(new HolderInput.RelayBroke(epoch, why));
  }
}
