/** Which peer is tested, as whom, and how it is reached or started. */
@NullMarked
package org.dcmigrate.conformance.config;

import org.jspecify.annotations.NullMarked;
