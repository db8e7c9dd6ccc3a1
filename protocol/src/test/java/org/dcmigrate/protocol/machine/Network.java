package org.dcmigrate.protocol.machine;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.machine.Message.Reply;

/** Carries calls in their order, unless a fault was planned for one. */
final class Network {
  private static final long LATENCY_MS = 1;
  private static final long PATIENCE_MS = 30;
  private static final long DELAY_MS = 100;
  private static final long LONG_DELAY_MS = 700;

  /** What goes wrong with one call. A delayed request arrives when nobody waits for its answer. */
  enum Fault {
    LOSE_REQUEST,
    LOSE_ANSWER,
    DELAY_REQUEST,
    DUPLICATE_REQUEST
  }

  /** Whoever calls or is called; a peer that was restarted leads another life. */
  interface Node {
    PeerId id();

    boolean alive();

    int life();
  }

  /** A node that can be called. */
  interface Callee extends Node {
    void receive(PeerId sender, Message message, Consumer<Reply> answer);

    Disk<?> disk();
  }

  private record Plan(PeerId from, PeerId to, Predicate<Message> which, Fault fault) {}

  private final Agenda agenda;
  private final Consumer<PeerId> onCrash;
  private final Map<PeerId, Callee> callees = new HashMap<>();
  private final Set<Set<PeerId>> cutLinks = new HashSet<>();
  private final Set<List<PeerId>> cutWays = new HashSet<>();
  private final List<Plan> plans = new ArrayList<>();

  /** {@code onCrash} hears of a callee that dies of its disk while it serves a call. */
  Network(Agenda agenda, Consumer<PeerId> onCrash) {
    this.agenda = agenda;
    this.onCrash = onCrash;
  }

  void add(Callee callee) {
    callees.put(callee.id(), callee);
  }

  void cut(PeerId one, PeerId other) {
    cutLinks.add(Set.of(one, other));
  }

  /** Nothing gets through in this direction, neither requests nor answers. */
  void cutOneWay(PeerId from, PeerId to) {
    cutWays.add(List.of(from, to));
  }

  void mend(PeerId one, PeerId other) {
    cutLinks.remove(Set.of(one, other));
    cutWays.remove(List.of(one, other));
    cutWays.remove(List.of(other, one));
  }

  /** Mends all links and drops the faults that are still to come. */
  void heal() {
    cutLinks.clear();
    cutWays.clear();
    plans.clear();
  }

  /** Lets something go wrong with the next message of this kind on this link. */
  void plan(PeerId from, PeerId to, Predicate<Message> which, Fault fault) {
    plans.add(new Plan(from, to, which, fault));
  }

  void call(Node caller, PeerId to, Message message, Consumer<Reply> onReply) {
    Call call = new Call(caller, to, onReply);
    Optional<Fault> fault = fault(caller.id(), to, message);
    if (!fault.equals(Optional.of(Fault.LOSE_REQUEST))) {
      boolean late = fault.equals(Optional.of(Fault.DELAY_REQUEST));
      boolean mute = fault.equals(Optional.of(Fault.LOSE_ANSWER));
      agenda.in(late ? DELAY_MS : LATENCY_MS, () -> call.arrive(message, mute));
      if (fault.equals(Optional.of(Fault.DUPLICATE_REQUEST))) {
        // Long after: everything may have changed meanwhile.
        agenda.in(LONG_DELAY_MS, () -> call.arrive(message, true));
      }
    }
    agenda.in(PATIENCE_MS, () -> call.answer(call.lost()));
  }

  private Optional<Fault> fault(PeerId from, PeerId to, Message message) {
    for (Plan plan : plans) {
      if (plan.from().equals(from) && plan.to().equals(to) && plan.which().test(message)) {
        plans.remove(plan);
        return Optional.of(plan.fault());
      }
    }
    return Optional.empty();
  }

  private final class Call {
    private final Node caller;
    private final int life;
    private final PeerId to;
    private final Consumer<Reply> onReply;
    private boolean answered;

    Call(Node caller, PeerId to, Consumer<Reply> onReply) {
      this.caller = caller;
      this.life = caller.life();
      this.to = to;
      this.onReply = onReply;
    }

    void arrive(Message message, boolean mute) {
      Callee callee = Optional.ofNullable(callees.get(to)).orElseThrow();
      if (!callee.alive() || isCut(caller.id(), to)) {
        agenda.in(LATENCY_MS, () -> answer(lost()));
        return;
      }
      try {
        callee.receive(caller.id(), message, mute ? reply -> {} : this::sendBack);
        if (callee.disk().isDying()) {
          onCrash.accept(to);
        }
      } catch (Disk.Crash crash) {
        onCrash.accept(to);
      }
    }

    private void sendBack(Reply reply) {
      agenda.in(
          LATENCY_MS,
          () -> {
            if (!isCut(to, caller.id())) {
              answer(reply);
            }
          });
    }

    void answer(Reply reply) {
      if (!answered && caller.alive() && caller.life() == life) {
        answered = true;
        onReply.accept(reply);
      }
    }

    Reply lost() {
      return new Reply.Lost(new Failure(Reason.PEER_UNREACHABLE, to + " does not answer"));
    }

    private boolean isCut(PeerId from, PeerId target) {
      return cutLinks.contains(Set.of(from, target)) || cutWays.contains(List.of(from, target));
    }
  }
}
