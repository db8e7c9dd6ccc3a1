package org.dcmigrate.protocol.machine;

import java.util.ArrayList;
import java.util.List;

/** The state after an input, and what to do, in order. */
public record SourceStep(SourceState next, List<SourceOutput> outputs) {
  public SourceStep {
    outputs = List.copyOf(outputs);
  }

  /** How many of the outputs have to be carried out until all records of the step are on disk. */
  public int endOfRecords() {
    int end = outputs.size();
    while (end > 0 && !(outputs.get(end - 1) instanceof SourceOutput.Persist)) {
      end--;
    }
    return end;
  }

  static SourceStep of(SourceState next, SourceOutput... outputs) {
    return new SourceStep(next, List.of(outputs));
  }

  /** The same step, with these outputs before its own. */
  SourceStep after(SourceOutput... first) {
    List<SourceOutput> all = new ArrayList<>(List.of(first));
    all.addAll(outputs);
    return new SourceStep(next, all);
  }

  /** The same step, with these outputs behind its own. */
  SourceStep then(SourceOutput... last) {
    List<SourceOutput> all = new ArrayList<>(outputs);
    all.addAll(List.of(last));
    return new SourceStep(next, all);
  }
}
