package org.dcmigrate.protocol.machine;

import java.util.ArrayList;
import java.util.List;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.Reason;

/** The state after an input, and what to do, in order. */
public record HolderStep(HolderState next, List<HolderOutput> outputs) {
  public HolderStep {
    outputs = List.copyOf(outputs);
  }

  /** How many of the outputs have to be carried out until all records of the step are on disk. */
  public int endOfRecords() {
    int end = outputs.size();
    while (end > 0 && !(outputs.get(end - 1) instanceof HolderOutput.Persist)) {
      end--;
    }
    return end;
  }

  static HolderStep of(HolderState next, HolderOutput... outputs) {
    return new HolderStep(next, List.of(outputs));
  }

  static HolderStep refuse(HolderState state, Reason reason, String sentence) {
    return of(state, new HolderOutput.Refuse(new Failure(reason, sentence)));
  }

  /** The same step, with these outputs before its own. */
  HolderStep after(HolderOutput... first) {
    List<HolderOutput> all = new ArrayList<>(List.of(first));
    all.addAll(outputs);
    return new HolderStep(next, all);
  }

  /** The same step, with these outputs behind its own. */
  HolderStep then(HolderOutput... last) {
    List<HolderOutput> all = new ArrayList<>(outputs);
    all.addAll(List.of(last));
    return new HolderStep(next, all);
  }
}
