package org.dcmigrate.protocol.machine;

import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.decision.Answer;
import org.dcmigrate.protocol.decision.Question;
import org.dcmigrate.protocol.decision.Vote;
import org.dcmigrate.protocol.machine.Message.Reply;
import org.dcmigrate.protocol.machine.Product.Call;
import org.dcmigrate.protocol.machine.Product.Cast;
import org.dcmigrate.protocol.machine.Product.Remaining;

/**
 * One move while it is being made: a {@link Product} that changes. A step's outputs are carried out
 * at once; since each is local or sends something that arrives at any time, nothing is lost by it
 * but the crash between two of them, for which a turn can be made to end early.
 */
final class Turn {
  private final Machines machines;
  private final int mostOutputs;
  private final TurnSource source;
  private final TurnHolder a;
  private final TurnHolder b;
  private Set<Call> calls;
  private Set<Cast> casts;
  private Remaining remaining;
  private int carriedOut;
  private Set<Call> answered = Set.of();
  private Optional<PeerId> lastActor = Optional.empty();

  /** The peer that carries out outputs dies after so many. */
  Turn(Machines machines, Product before, int mostOutputs) {
    this.machines = machines;
    this.mostOutputs = mostOutputs;
    source = new TurnSource(this, before.source());
    a = new TurnHolder(this, Product.A, before.a());
    b = new TurnHolder(this, Product.B, before.b());
    calls = before.calls();
    casts = before.casts();
    remaining = before.remaining();
  }

  Machines machines() {
    return machines;
  }

  TurnSource source() {
    return source;
  }

  TurnHolder holder(PeerId id) {
    return id.equals(Product.A) ? a : b;
  }

  List<TurnHolder> holders() {
    return List.of(a, b);
  }

  Set<Cast> casts() {
    return casts;
  }

  Remaining remaining() {
    return remaining;
  }

  void remaining(Remaining now) {
    remaining = now;
  }

  /** How many outputs were carried out. */
  int carriedOut() {
    return carriedOut;
  }

  /** Who carried outputs out: one peer in each turn. */
  Optional<PeerId> lastActor() {
    return lastActor;
  }

  Product after() {
    for (Call call : calls) {
      if ((call.orphan() || isDone(call.from())) && isSpent(call)) {
        calls = minus(calls, call);
      }
    }
    return new Product(source.after(), a.after(), b.after(), calls, casts, remaining);
  }

  /** The source takes no answers any more. */
  private boolean isDone(PeerId caller) {
    return caller.equals(Product.S)
        && source.state().stream().anyMatch(state -> state instanceof SourceState.Ended);
  }

  /** Whether a request whose answer nobody takes does nothing, now or whenever it arrives. */
  private boolean isSpent(Call call) {
    return call.to().equals(Product.S)
        ? source.ignoresForEver(call)
        : holder(call.to()).ignoresForEver(call);
  }

  <T> void carryOut(PeerId peer, List<T> outputs, Consumer<T> how) {
    lastActor = Optional.of(peer);
    for (T output : outputs) {
      if (carriedOut == mostOutputs) {
        kill(peer);
        return;
      }
      how.accept(output);
      carriedOut++;
      ProductRules.always(this);
    }
  }

  void kill(PeerId peer) {
    if (peer.equals(Product.S)) {
      source.kill();
      holders().forEach(TurnHolder::callerDied);
    } else {
      holder(peer).kill();
    }
    for (Call call : callsOf(peer)) {
      calls = minus(calls, call);
      calls = plus(calls, new Call(call.from(), call.to(), call.message(), true));
    }
  }

  private List<Call> callsOf(PeerId caller) {
    return calls.stream().filter(call -> call.from().equals(caller)).toList();
  }

  void restart(PeerId peer) {
    if (peer.equals(Product.S)) {
      source.restart();
    } else {
      holder(peer).restart();
    }
  }

  /** A question is not asked again while its answer is on the way. */
  void ask(PeerId from, PeerId to, Message.Ballot ballot, Stream<Answer> onTheWay) {
    if (onTheWay.noneMatch(answer -> isAnswer(answer, ballot.question()))) {
      call(from, to, ballot);
    }
  }

  private static boolean isAnswer(Answer answer, Question question) {
    return answer.ballot() == question.ballot()
        && switch (answer) {
          case Answer.Promised promised -> question instanceof Question.Promise;
          case Answer.Accepted accepted -> question instanceof Question.Accept;
          case Answer.Refused refused -> true;
        };
  }

  void call(PeerId from, PeerId to, Message message) {
    calls = plus(calls, new Call(from, to, message, false));
  }

  /** A request arrives, or finds nobody there. */
  void deliver(Call call) {
    calls = minus(calls, call);
    boolean alive = call.to().equals(Product.S) ? source.alive() : holder(call.to()).alive();
    if (!alive) {
      answer(call, new Reply.Lost(Projection.WHY));
    } else if (call.to().equals(Product.S)) {
      source.receive(call);
    } else {
      holder(call.to()).receive(call);
      if (!holder(call.to()).alive() && !answered.contains(call)) {
        // It died before it answered.
        answer(call, new Reply.Lost(Projection.WHY));
      }
    }
  }

  /**
   * The call fails at its caller at this moment; {@code late}: the request arrives all the same.
   */
  void lose(Call call, boolean late) {
    calls = minus(calls, call);
    if (late) {
      calls = plus(calls, new Call(call.from(), call.to(), call.message(), true));
    }
    if (call.from().equals(Product.S)) {
      source.lostCall(call).ifPresent(source::input);
    } else {
      holder(call.from()).lostCall(call).ifPresent(input -> holder(call.from()).input(input));
    }
  }

  /** An answer goes out; it arrives whenever the caller's turn comes. */
  void answer(Call call, Reply reply) {
    answered = plus(answered, call);
    if (call.orphan()) {
      return;
    }
    if (call.from().equals(Product.S)) {
      source.answered(call, reply);
    } else {
      holder(call.from()).answered(call, reply);
    }
  }

  void voted(long epoch, PeerId acceptor, Vote vote) {
    casts = plus(casts, new Cast(epoch, acceptor, vote));
  }

  static <T> Set<T> plus(Set<T> set, T element) {
    Set<T> more = new LinkedHashSet<>(set);
    more.add(element);
    return Collections.unmodifiableSet(more);
  }

  static <T> Set<T> minus(Set<T> set, T element) {
    Set<T> fewer = new LinkedHashSet<>(set);
    fewer.remove(element);
    return Collections.unmodifiableSet(fewer);
  }
}
