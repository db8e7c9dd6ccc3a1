package org.dcmigrate.protocol.machine;

import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.decision.Acceptor;
import org.dcmigrate.protocol.decision.Question;

/** Machines that note which kinds of input they meet in which kinds of state. */
final class Coverage implements Machines {
  /** {@code quiet}: nothing changed, and nothing was done. */
  record Seen(Class<?> state, Class<?> input, Class<?> next, boolean quiet) {}

  private final Machines machines;
  private final Set<Seen> source = ConcurrentHashMap.newKeySet();
  private final Set<Seen> holder = ConcurrentHashMap.newKeySet();

  Coverage(Machines machines) {
    this.machines = machines;
  }

  Set<Seen> ofSource() {
    return source;
  }

  Set<Seen> ofHolder() {
    return holder;
  }

  @Override
  public SourceStep source(SourceState state, SourceInput input, long nowNs) {
    SourceStep step = machines.source(state, input, nowNs);
    boolean quiet = step.outputs().isEmpty() && step.next().equals(state);
    source.add(new Seen(state.getClass(), input.getClass(), step.next().getClass(), quiet));
    return step;
  }

  @Override
  public HolderStep holder(HolderState state, HolderInput input) {
    HolderStep step = machines.holder(state, input);
    boolean quiet = step.outputs().isEmpty() && step.next().equals(state);
    holder.add(new Seen(state.getClass(), input.getClass(), step.next().getClass(), quiet));
    return step;
  }

  @Override
  public SourceStep recoverSource(
      PeerId self, List<SourceRecord> journal, boolean guestLost, long nowNs) {
    return machines.recoverSource(self, journal, guestLost, nowNs);
  }

  @Override
  public HolderStep recoverHolder(List<HolderRecord> journal) {
    return machines.recoverHolder(journal);
  }

  @Override
  public Acceptor sourceSeat() {
    return machines.sourceSeat();
  }

  @Override
  public Acceptor.Step vote(PeerId caller, Acceptor acceptor, Question question) {
    return machines.vote(caller, acceptor, question);
  }
}
