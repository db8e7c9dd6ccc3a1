/** What operators see: tables, JSON and YAML, the progress line, the summary at the end. */
@NullMarked
package org.dcmigrate.ctl.output;

import org.jspecify.annotations.NullMarked;
