(function_declaration name: (_) @name) @function
(variable_declaration (assignment_statement
  (variable_list name: (identifier) @name)
  (expression_list value: (function_definition)))) @function
(assignment_statement
  (variable_list name: (_) @name)
  (expression_list value: (function_definition))) @function
(field name: (identifier) @name value: (function_definition)) @function

; require 'name', with its variable if it has one; which calls these are the code looks at.
(variable_declaration (assignment_statement
  (expression_list value: (function_call
    name: (identifier) @require arguments: (arguments (string content: (_) @name)))))) @import
(function_call
  name: (identifier) @require arguments: (arguments (string content: (_) @name))) @import

(chunk (variable_declaration (assignment_statement
  (variable_list name: (identifier) @name))) @variable)
(chunk (assignment_statement (variable_list name: (_) @name)) @variable)
